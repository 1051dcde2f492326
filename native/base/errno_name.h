/* Names of errors. */
#ifndef PITCREW_BASE_ERRNO_NAME_H
#define PITCREW_BASE_ERRNO_NAME_H

const char *errno_name(int error); /* "ENOENT"; one without a name as "errno 200" */

#endif

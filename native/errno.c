/* Names of errors: "ENOENT" says the same in every locale and can be searched for. */
#define _GNU_SOURCE
#include "host.h"

#include <errno.h>
#include <stdio.h>

#define NAME(e) case e: return #e;

const char *errno_name(int error) {
  static char unknown[24];
  switch (error) {
    NAME(E2BIG) NAME(EACCES) NAME(EAGAIN) NAME(EBADF) NAME(EBUSY) NAME(ECHILD) NAME(EDQUOT) NAME(EEXIST) NAME(EFAULT)
    NAME(EFBIG) NAME(EINTR) NAME(EINVAL) NAME(EIO) NAME(EISDIR) NAME(ELIBBAD) NAME(ELOOP) NAME(EMFILE) NAME(EMLINK)
    NAME(ENAMETOOLONG) NAME(ENFILE) NAME(ENODEV) NAME(ENOENT) NAME(ENOEXEC) NAME(ENOMEM) NAME(ENOSPC) NAME(ENOSYS)
    NAME(ENOTDIR) NAME(ENOTEMPTY) NAME(ENOTSUP) NAME(ENOTTY) NAME(ENXIO) NAME(EPERM) NAME(EPIPE) NAME(EROFS) NAME(ESPIPE)
    NAME(ESRCH) NAME(ESTALE) NAME(ETIMEDOUT) NAME(ETXTBSY) NAME(EXDEV)
  }
  snprintf(unknown, sizeof unknown, "errno %d", error);
  return unknown;
}

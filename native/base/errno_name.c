/* "ENOENT" is the same in every locale and can be searched for. */
#define _GNU_SOURCE
#include "base/errno_name.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#define NAME(error) [error] = #error

static const char *const names[] = {
    NAME(E2BIG),        NAME(EACCES),    NAME(EADDRINUSE),   NAME(EADDRNOTAVAIL),
    NAME(EAFNOSUPPORT), NAME(EAGAIN),    NAME(EBADF),        NAME(EBADMSG),
    NAME(EBUSY),        NAME(ECHILD),    NAME(ECONNABORTED), NAME(ECONNREFUSED),
    NAME(ECONNRESET),   NAME(EDQUOT),    NAME(EEXIST),       NAME(EFAULT),
    NAME(EFBIG),        NAME(EHOSTDOWN), NAME(EHOSTUNREACH), NAME(EINTR),
    NAME(EINVAL),       NAME(EIO),       NAME(EISDIR),       NAME(ELIBBAD),
    NAME(ELOOP),        NAME(EMFILE),    NAME(EMLINK),       NAME(EMSGSIZE),
    NAME(ENAMETOOLONG), NAME(ENETDOWN),  NAME(ENETUNREACH),  NAME(ENFILE),
    NAME(ENOBUFS),      NAME(ENODEV),    NAME(ENOENT),       NAME(ENOEXEC),
    NAME(ENOLCK),       NAME(ENOMEM),    NAME(ENOSPC),       NAME(ENOSYS),
    NAME(ENOTCONN),     NAME(ENOTDIR),   NAME(ENOTEMPTY),    NAME(ENOTSOCK),
    NAME(ENOTSUP),      NAME(ENOTTY),    NAME(ENXIO),        NAME(EPERM),
    NAME(EPIPE),        NAME(EPROTO),    NAME(EPROTOTYPE),   NAME(ERANGE),
    NAME(EROFS),        NAME(ESPIPE),    NAME(ESRCH),        NAME(ESTALE),
    NAME(ETIMEDOUT),    NAME(ETXTBSY),   NAME(EXDEV),
};

const char *errno_name(int error) {
  static char unknown[24];
  bool known = error > 0 && (size_t)error < sizeof names / sizeof *names && names[error];
  if (known) return names[error];
  snprintf(unknown, sizeof unknown, "errno %d", error);
  return unknown;
}

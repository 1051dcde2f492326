/* The bytecode images, put in by the linker: the build writes an object file of each, with a symbol
 * at its start and one at its end. */
#include "host.h"

#define IMAGE(name) extern const uint8_t image_##name##_start[], image_##name##_end[]
IMAGE(init);
IMAGE(seldom);
IMAGE(one);
IMAGE(check);
IMAGE(control);
IMAGE(cli);
IMAGE(bundle);
#define CODE(name) \
  { image_##name##_start, (size_t)(image_##name##_end - image_##name##_start) }

struct bytecode image_code(enum image image) {
  switch (image) {
    case IMAGE_INIT: return (struct bytecode)CODE(init);
    case IMAGE_SELDOM: return (struct bytecode)CODE(seldom);
    case IMAGE_ONE: return (struct bytecode)CODE(one);
    case IMAGE_CHECK: return (struct bytecode)CODE(check);
    case IMAGE_CONTROL: return (struct bytecode)CODE(control);
    case IMAGE_BUNDLE: return (struct bytecode)CODE(bundle);
    default: return (struct bytecode)CODE(cli);
  }
}

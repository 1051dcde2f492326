/* A tool of the build: compiles one bundled script, or a module, to the engine's bytecode. */
#include "quickjs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_all(const char *path, size_t *bytes) {
  FILE *file = fopen(path, "rb");
  if (!file) return NULL;
  fseek(file, 0, SEEK_END);
  *bytes = (size_t)ftell(file);
  rewind(file);
  char *text = malloc(*bytes + 1);
  if (text && fread(text, 1, *bytes, file) != *bytes) {
    free(text);
    text = NULL;
  }
  if (text) text[*bytes] = 0;
  fclose(file);
  return text;
}

/* The modules that a module imports are compiled by themselves. */
static JSModuleDef *load_nothing(JSContext *js, const char *name, void *opaque) {
  (void)opaque;
  return JS_NewCModule(js, name, NULL);
}

static int is_given(const char *option, int argc, char **argv) {
  for (int at = 4; at < argc; at++)
    if (strcmp(argv[at], option) == 0) return 1;
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: compile SCRIPT NAME BYTECODE [module] [strip]\n");
    return 2;
  }
  size_t bytes, code_bytes;
  char *text = read_all(argv[1], &bytes);
  if (!text) {
    fprintf(stderr, "cannot read %s\n", argv[1]);
    return 1;
  }
  JSRuntime *runtime = JS_NewRuntime();
  JSContext *js = JS_NewContext(runtime);
  JS_SetModuleLoaderFunc(runtime, NULL, load_nothing, NULL);
  int type = is_given("module", argc, argv) ? JS_EVAL_TYPE_MODULE
                                            : JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_STRICT;
  JSValue code = JS_Eval(js, text, bytes, argv[2], type | JS_EVAL_FLAG_COMPILE_ONLY);
  if (JS_IsException(code)) {
    fprintf(stderr, "%s: %s\n", argv[1], JS_ToCString(js, JS_GetException(js)));
    return 1;
  }
  /* Without the lines and columns of the script. */
  int strip = is_given("strip", argc, argv) ? JS_WRITE_OBJ_STRIP_DEBUG : 0;
  uint8_t *out = JS_WriteObject(js, &code_bytes, code,
                                JS_WRITE_OBJ_BYTECODE | JS_WRITE_OBJ_STRIP_SOURCE | strip);
  FILE *file = out ? fopen(argv[3], "wb") : NULL;
  if (!file || fwrite(out, 1, code_bytes, file) != code_bytes || fclose(file) != 0) {
    fprintf(stderr, "cannot write %s\n", argv[3]);
    return 1;
  }
  return 0;
}

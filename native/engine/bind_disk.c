/* Functions of src/host/disk.ts, for the program that works on files. Thin: convert, call, convert
 * back. */
#define _GNU_SOURCE
#include "engine/bind.h"
#include "engine/values.h"
#include "files/disk.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { NAMES_MAX = 4096 };

static JSValue errno_value(int error) { return JS_NewString(js, errno_name(error)); }

/* The first one or two arguments, as paths. */
struct paths {
  struct arena arena;
  const char *first, *second;
};

static bool take_paths(struct paths *paths, JSValueConst *argv, int count) {
  *paths = (struct paths){0};
  paths->first = arena_string(&paths->arena, argv[0]);
  if (count > 1) paths->second = arena_string(&paths->arena, argv[1]);
  return paths->first && (count == 1 || paths->second);
}

static JSValue end(struct paths *paths, int error) {
  arena_free(&paths->arena);
  return errno_or_null(error);
}

static const char *kind_of(mode_t mode) {
  if (S_ISREG(mode)) return "file";
  if (S_ISDIR(mode)) return "folder";
  return S_ISLNK(mode) ? "link" : "other";
}

static double ms_of(struct timespec time) {
  return (double)time.tv_sec * 1e3 + (double)(time.tv_nsec / 1000000);
}

static JSValue state_of(const struct stat *st) {
  char id[64];
  snprintf(id, sizeof id, "%llu:%llu", (unsigned long long)st->st_dev,
           (unsigned long long)st->st_ino);
  JSValue state = JS_NewObject(js);
  set(state, "kind", JS_NewString(js, kind_of(st->st_mode)));
  set(state, "bytes", JS_NewFloat64(js, (double)st->st_size));
  set(state, "mode", JS_NewUint32(js, st->st_mode & 07777));
  set(state, "uid", JS_NewUint32(js, st->st_uid));
  set(state, "gid", JS_NewUint32(js, st->st_gid));
  set(state, "id", JS_NewString(js, id));
  set(state, "changedMs", JS_NewFloat64(js, ms_of(st->st_ctim)));
  return state;
}

FUNCTION(host_disk_stat) {
  UNUSED;
  struct paths paths;
  struct stat st;
  int error = !take_paths(&paths, argv, 1) ? EINVAL : lstat(paths.first, &st) != 0 ? errno : 0;
  arena_free(&paths.arena);
  if (error == ENOENT) return JS_NULL;
  return error ? errno_value(error) : state_of(&st);
}

FUNCTION(host_disk_real_path) {
  UNUSED;
  struct paths paths;
  char real[PATH_MAX];
  int error = !take_paths(&paths, argv, 1) ? EINVAL : realpath(paths.first, real) ? 0 : errno;
  arena_free(&paths.arena);
  if (error) return errno_value(error);
  JSValue answer = JS_NewObject(ctx);
  set(answer, "path", JS_NewString(ctx, real));
  return answer;
}

static JSValue hashed_or_errno(int error, const struct hashed *hashed) {
  if (error) return errno_value(error);
  JSValue answer = JS_NewObject(js);
  set(answer, "sha256", JS_NewStringLen(js, hashed->sha256, SHA256_DIGITS));
  set(answer, "bytes", JS_NewFloat64(js, (double)hashed->bytes));
  return answer;
}

FUNCTION(host_disk_hash) {
  UNUSED;
  struct paths paths;
  struct hashed hashed;
  int error = take_paths(&paths, argv, 1) ? disk_hash(paths.first, to_size(argv[1]), &hashed)
                                          : EINVAL;
  arena_free(&paths.arena);
  return hashed_or_errno(error, &hashed);
}

FUNCTION(host_disk_read) {
  UNUSED;
  struct paths paths;
  char *text = NULL;
  size_t bytes = 0;
  int error = take_paths(&paths, argv, 1) ? disk_read(paths.first, to_size(argv[1]), &text, &bytes)
                                          : EINVAL;
  arena_free(&paths.arena);
  if (error) return errno_value(error);
  JSValue answer = JS_NewObject(ctx);
  set(answer, "text", JS_NewStringLen(ctx, text, bytes));
  free(text);
  return answer;
}

/* null = unchanged. */
static uint32_t id_of(JSValueConst value) {
  return JS_IsNumber(value) ? (uint32_t)to_size(value) : (uint32_t)-1;
}

FUNCTION(host_disk_copy) {
  UNUSED;
  struct paths paths;
  struct hashed hashed;
  int error = EINVAL;
  if (take_paths(&paths, argv, 2))
    error = disk_copy(paths.first, paths.second, (mode_t)to_int(argv[2]) & 07777, id_of(argv[3]),
                      id_of(argv[4]), to_size(argv[5]), &hashed);
  arena_free(&paths.arena);
  return hashed_or_errno(error, &hashed);
}

FUNCTION(host_disk_overwrite) {
  UNUSED;
  struct paths paths;
  bool are_paths = take_paths(&paths, argv, 2);
  return end(&paths, are_paths ? disk_overwrite(paths.first, paths.second) : EINVAL);
}

FUNCTION(host_disk_write) {
  UNUSED;
  struct paths paths;
  size_t bytes = 0;
  bool is_path = take_paths(&paths, argv, 1);
  const char *text = JS_ToCStringLen(ctx, &bytes, argv[1]);
  int error = is_path && text ? disk_write(paths.first, text, bytes) : EINVAL;
  JS_FreeCString(ctx, text);
  return end(&paths, error);
}

FUNCTION(host_disk_rename) {
  UNUSED;
  struct paths paths;
  bool are_paths = take_paths(&paths, argv, 2);
  return end(&paths, are_paths ? disk_rename(paths.first, paths.second) : EINVAL);
}

FUNCTION(host_disk_remove) {
  UNUSED;
  struct paths paths;
  bool is_path = take_paths(&paths, argv, 1);
  return end(&paths, is_path ? disk_remove(paths.first) : EINVAL);
}

FUNCTION(host_disk_make_folders) {
  UNUSED;
  struct paths paths;
  bool is_path = take_paths(&paths, argv, 1);
  mode_t mode = (mode_t)to_int(argv[1]) & 07777;
  return end(&paths, is_path ? disk_make_folders(paths.first, mode) : EINVAL);
}

static int by_name(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static JSValue names_in(struct arena *arena, DIR *folder) {
  char **names = arena_take(arena, NAMES_MAX * sizeof *names);
  const struct dirent *entry;
  size_t count = 0;
  while (names && count < NAMES_MAX && (entry = readdir(folder))) {
    size_t bytes = strlen(entry->d_name) + 1;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    if ((names[count] = arena_take(arena, bytes))) memcpy(names[count++], entry->d_name, bytes);
  }
  if (count) qsort(names, count, sizeof *names, by_name);
  JSValue list = JS_NewArray(js);
  for (size_t i = 0; i < count; i++)
    JS_SetPropertyUint32(js, list, (uint32_t)i, JS_NewString(js, names[i]));
  return list;
}

FUNCTION(host_disk_list) {
  UNUSED;
  struct paths paths;
  errno = EINVAL;
  DIR *folder = take_paths(&paths, argv, 1) ? opendir(paths.first) : NULL;
  JSValue answer = folder ? names_in(&paths.arena, folder) : errno_value(errno);
  if (folder) closedir(folder);
  arena_free(&paths.arena);
  return answer;
}

static const JSCFunctionListEntry disk_functions[] = {
    JS_CFUNC_DEF("stat", 1, host_disk_stat),
    JS_CFUNC_DEF("realPath", 1, host_disk_real_path),
    JS_CFUNC_DEF("hash", 2, host_disk_hash),
    JS_CFUNC_DEF("readText", 2, host_disk_read),
    JS_CFUNC_DEF("copy", 6, host_disk_copy),
    JS_CFUNC_DEF("overwrite", 2, host_disk_overwrite),
    JS_CFUNC_DEF("write", 2, host_disk_write),
    JS_CFUNC_DEF("rename", 2, host_disk_rename),
    JS_CFUNC_DEF("remove", 1, host_disk_remove),
    JS_CFUNC_DEF("makeFolders", 2, host_disk_make_folders),
    JS_CFUNC_DEF("list", 1, host_disk_list),
};

static void bind_files(JSValue host) {
  bind_system(host);
  JSValue disk = JS_NewObject(js);
  JS_SetPropertyFunctionList(js, disk, disk_functions,
                             sizeof disk_functions / sizeof *disk_functions);
  set(host, "disk", disk);
}

static bool has_nothing_to_wait_for(void) { return false; }

const struct engine_host files_host = {.bind = bind_files, .wait = has_nothing_to_wait_for};

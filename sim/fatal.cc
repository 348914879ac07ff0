// SPDX-License-Identifier: BSD-2-Clause
#include "fatal.hh"

#include <cstdarg>
#include <cstdio>

#include "tagwire_sim.h"
#include "verilated.h"

namespace {

// One buffer a thread, since one thread drives a world. Plain memory: a thread may outlive the
// library. Messages that do not fit are cut; the last one is the one that matters.
constexpr size_t TEXT_BYTES = 4096;
thread_local char modelText[TEXT_BYTES];
thread_local size_t modelTextBytes = 0;

[[noreturn]] void fail(const char *file, int line, const char *what) {
  std::string text = tagwire::takeModelText();
  // The runtime prints a message, with file and line in it, before most stops, but not before all.
  if (text.empty()) {
    text = what;
    if (file && file[0]) text += std::string(" at ") + file + ":" + std::to_string(line);
  }
  throw tagwire::Failure{TW_ERR_MODEL, text};
}

}  // namespace

int tw_model_print(const char *format, ...) {
  if (modelTextBytes > TEXT_BYTES / 2) modelTextBytes = 0;
  va_list arguments;
  va_start(arguments, format);
  const size_t room = TEXT_BYTES - modelTextBytes;
  const int wanted = vsnprintf(modelText + modelTextBytes, room, format, arguments);
  va_end(arguments);
  if (wanted > 0) modelTextBytes += size_t(wanted) < room ? size_t(wanted) : room - 1;
  return wanted;
}

namespace tagwire {

std::string takeModelText() {
  size_t bytes = modelTextBytes;
  modelTextBytes = 0;
  while (bytes > 0 && modelText[bytes - 1] == '\n') --bytes;
  return std::string(modelText, bytes);
}

}  // namespace tagwire

void vl_fatal(const char *file, int line, const char *, const char *message) {
  fail(file, line, message);
}

void vl_stop(const char *file, int line, const char *) { fail(file, line, "$stop"); }

void vl_finish(const char *file, int line, const char *) { fail(file, line, "$finish"); }

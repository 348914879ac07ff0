// SPDX-License-Identifier: BSD-2-Clause
//
// How the model fails: an exception instead of an exit.
//
// Verilator's runtime ends the process on $fatal, a failed assertion or $finish, and prints the
// reason. With the macros of library.json it calls the functions in fatal.cc instead: those for the
// end throw, and what it prints is kept, so that nothing reaches the terminal and the reason
// reaches the caller.
#ifndef TAGWIRE_FATAL_HH
#define TAGWIRE_FATAL_HH

#include <cstdint>
#include <string>

int tw_model_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

namespace tagwire {

// A call of the C ABI fails with `code` (TW_ERR_) and `text`.
struct Failure {
  int32_t code;
  std::string text;
};

// What the model printed last on this thread, without the final newline; forgets it.
std::string takeModelText();

}  // namespace tagwire
#endif

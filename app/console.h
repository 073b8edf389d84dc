// The process's own input and output: buffered standard output, messages on standard error, and what the terminal can
// do.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace rw {

class Console {
 public:
  // Looks at the file descriptors and at NO_COLOR, TERM and COLUMNS.
  Console();
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  // Data for standard output. False when nobody reads it any more (a closed pipe) or it cannot be written: stop early
  // then.
  bool out(std::string_view text);
  // Writes what is buffered. A closed pipe is no failure; a full disk is.
  Result<void> flush();
  // One message on standard error, with a newline put after it. Removes a progress bar first.
  void note(std::string_view text);
  // Shows or replaces the progress line; nothing unless standard error is a terminal. Empty removes it.
  void progress(std::string_view line);

  bool out_is_terminal() const { return out_is_terminal_; }
  bool err_is_terminal() const { return err_is_terminal_; }
  bool out_colour() const { return out_colour_; }
  bool err_colour() const { return err_colour_; }
  unsigned width() const { return width_; }  // columns of the terminal; 0 when standard output is none
  bool closed() const { return closed_; }

 private:
  bool write_all(std::string_view text);

  std::string buffer_;
  bool out_is_terminal_ = false;
  bool err_is_terminal_ = false;
  bool out_colour_ = false;
  bool err_colour_ = false;
  unsigned width_ = 0;
  bool closed_ = false;
  int write_errno_ = 0;
  bool progress_shown_ = false;
};

}  // namespace rw

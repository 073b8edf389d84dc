// Standard output and error with plain system calls: no stream set-up costs, and a closed pipe is seen as such.
#include "console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace rw {
namespace {

constexpr std::size_t kBufferBytes = 64 << 10;
constexpr unsigned kDefaultWidth = 80;

bool environment_has(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

unsigned terminal_width() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  if (const char* columns = std::getenv("COLUMNS")) {
    const long value = std::strtol(columns, nullptr, 10);
    if (value >= 20 && value <= 10'000) return static_cast<unsigned>(value);
  }
  return kDefaultWidth;
}

}  // namespace

Console::Console() {
  out_is_terminal_ = isatty(STDOUT_FILENO) == 1;
  err_is_terminal_ = isatty(STDERR_FILENO) == 1;
  const char* term = std::getenv("TERM");
  const bool can_colour = !environment_has("NO_COLOR") && term != nullptr && std::strcmp(term, "dumb") != 0;
  out_colour_ = out_is_terminal_ && can_colour;
  err_colour_ = err_is_terminal_ && can_colour;
  if (out_is_terminal_) width_ = terminal_width();
}

Console::~Console() {
  progress({});
  (void)flush();
}

bool Console::write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      closed_ = true;
      write_errno_ = errno;
      return false;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool Console::out(std::string_view text) {
  if (closed_) return false;
  buffer_ += text;
  if (buffer_.size() < kBufferBytes) return true;
  const bool ok = write_all(buffer_);
  buffer_.clear();
  return ok;
}

Result<void> Console::flush() {
  if (!closed_ && !buffer_.empty()) write_all(buffer_);
  buffer_.clear();
  if (closed_ && write_errno_ != EPIPE)
    return Failure(ErrorCode::kIo, std::string("cannot write to standard output: ") + std::strerror(write_errno_));
  return {};
}

void Console::note(std::string_view text) {
  progress({});
  // Data that was written before a message comes before it also when both go to one terminal or file.
  (void)flush();
  std::string line(text);
  line += '\n';
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

void Console::progress(std::string_view line) {
  if (!err_is_terminal_ || (line.empty() && !progress_shown_)) return;
  std::string text = "\r\x1b[K";
  text += line;
  progress_shown_ = !line.empty();
  if (::write(STDERR_FILENO, text.data(), text.size()) < 0) progress_shown_ = false;
}

}  // namespace rw

// The outcome of an operation that can fail: a value or an Error that tells a person what to do next.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace rw {

// Closed list; each code has one meaning and one default exit status (see app/).
enum class ErrorCode : unsigned char {
  kUsage,        // the caller asked for something that makes no sense (exit 2)
  kNotFound,     // a file, a lake, a finding that is not there
  kIo,           // the operating system refused or failed
  kCorrupt,      // bytes that cannot be what they claim to be
  kUnsupported,  // well-formed, but nothing here reads or does it
  kLimit,        // a bound was met (each bound is a named constant with its reason)
  kConflict,     // somebody else holds or changed it
  kInternal,     // a library failed in a way that no input should cause
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;  // what happened to what, and what to do; no trailing newline
};

// Wraps an Error so that it converts to any Result<T>:  return Failure(ErrorCode::kIo, "...");
struct Failure {
  Error error;
  Failure(ErrorCode code, std::string message) : error{code, std::move(message)} {}
  explicit Failure(Error e) : error(std::move(e)) {}
};

// The member names of std::expected (C++23), which g++ 12 does not have.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Failure failure) : state_(std::in_place_index<1>, std::move(failure.error)) {}  // NOLINT

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Error& error() const { return std::get<1>(state_); }
  T value_or(T other) const { return has_value() ? value() : std::move(other); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Failure failure) : error_(std::move(failure.error)) {}  // NOLINT(google-explicit-constructor)
  bool has_value() const { return !error_; }
  explicit operator bool() const { return has_value(); }
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace rw

// Leaves the enclosing function with the error of `expr`; otherwise goes on.   RW_TRY(file.close());
#define RW_TRY(expr)                                                                              \
  do {                                                                                            \
    if (auto rw_try_result = (expr); !rw_try_result) return ::rw::Failure(rw_try_result.error()); \
  } while (false)

// Declares `decl` from the value of `expr`, or leaves with its error.   RW_ASSIGN(auto n, stream.read(buffer));
#define RW_ASSIGN(decl, expr) RW_ASSIGN_IMPL(RW_CONCAT(rw_result_, __LINE__), decl, expr)
#define RW_ASSIGN_IMPL(tmp, decl, expr)        \
  auto tmp = (expr);                           \
  if (!tmp) return ::rw::Failure(tmp.error()); \
  decl = std::move(*tmp)
#define RW_CONCAT(a, b) RW_CONCAT_IMPL(a, b)
#define RW_CONCAT_IMPL(a, b) a##b

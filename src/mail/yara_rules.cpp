// YARA's C library, loaded when rules are configured.
#include <dlfcn.h>
#include <yara.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <mutex>

#include "mail/scanners.h"

namespace rw {
namespace {

constexpr std::size_t kMaxMatches = 100;  // names that one content may bring

struct Library {
  decltype(&yr_initialize) initialize = nullptr;
  decltype(&yr_compiler_create) compiler_create = nullptr;
  decltype(&yr_compiler_destroy) compiler_destroy = nullptr;
  decltype(&yr_compiler_set_callback) compiler_set_callback = nullptr;
  decltype(&yr_compiler_set_include_callback) compiler_set_include_callback = nullptr;
  decltype(&yr_compiler_add_file) compiler_add_file = nullptr;
  decltype(&yr_compiler_get_rules) compiler_get_rules = nullptr;
  decltype(&yr_rules_destroy) rules_destroy = nullptr;
  decltype(&yr_rules_scan_mem) rules_scan_mem = nullptr;
  std::string missing;  // why it cannot be used
};

template <typename Function>
void take(void* handle, const char* name, Function& out, std::string& missing) {
  out = reinterpret_cast<Function>(::dlsym(handle, name));
  if (out == nullptr && missing.empty()) missing = std::string("libyara has no ") + name;
}

const Library& library() {
  static const Library* const kLibrary = [] {
    auto* lib = new Library;
    void* handle = nullptr;
    for (const char* name : {"libyara.so.9", "libyara.so.10", "libyara.so"})
      if ((handle = ::dlopen(name, RTLD_NOW | RTLD_LOCAL)) != nullptr) break;
    if (handle == nullptr) {
      lib->missing = "libyara is not there; Debian's package libyara9 brings it";
      return lib;
    }
    take(handle, "yr_initialize", lib->initialize, lib->missing);
    take(handle, "yr_compiler_create", lib->compiler_create, lib->missing);
    take(handle, "yr_compiler_destroy", lib->compiler_destroy, lib->missing);
    take(handle, "yr_compiler_set_callback", lib->compiler_set_callback, lib->missing);
    take(handle, "yr_compiler_set_include_callback", lib->compiler_set_include_callback, lib->missing);
    take(handle, "yr_compiler_add_file", lib->compiler_add_file, lib->missing);
    take(handle, "yr_compiler_get_rules", lib->compiler_get_rules, lib->missing);
    take(handle, "yr_rules_destroy", lib->rules_destroy, lib->missing);
    take(handle, "yr_rules_scan_mem", lib->rules_scan_mem, lib->missing);
    if (lib->missing.empty() && lib->initialize() != ERROR_SUCCESS) lib->missing = "libyara cannot be started";
    return lib;
  }();
  return *kLibrary;
}

void note_problem(int level, const char* file, int line, const YR_RULE* /*rule*/, const char* message, void* out) {
  auto& problems = *static_cast<std::string*>(out);
  if (level != YARA_ERROR_LEVEL_ERROR) return;
  problems += (problems.empty() ? "" : "\n") + std::string(file == nullptr ? "" : file) + ":" + std::to_string(line) +
              ": " + (message == nullptr ? "" : message);
}

int collect(YR_SCAN_CONTEXT* /*context*/, int message, void* data, void* user) {
  auto& names = *static_cast<std::vector<std::string>*>(user);
  if (message != CALLBACK_MSG_RULE_MATCHING) return CALLBACK_CONTINUE;
  const auto* rule = static_cast<const YR_RULE*>(data);
  names.emplace_back(std::string("yara:") + (rule->identifier == nullptr ? "?" : rule->identifier));
  return names.size() < kMaxMatches ? CALLBACK_CONTINUE : CALLBACK_ABORT;
}

}  // namespace

Result<ContentScanner> make_yara_scanner(const std::vector<std::string>& rule_files, Duration timeout) {
  const Library& lib = library();
  if (!lib.missing.empty()) return Failure(ErrorCode::kUnsupported, "YARA rules cannot be used: " + lib.missing);
  YR_COMPILER* compiler = nullptr;
  if (lib.compiler_create(&compiler) != ERROR_SUCCESS)
    return Failure(ErrorCode::kInternal, "libyara cannot make a compiler");
  const std::unique_ptr<YR_COMPILER, decltype(lib.compiler_destroy)> owned(compiler, lib.compiler_destroy);
  std::string problems;
  lib.compiler_set_callback(compiler, note_problem, &problems);
  for (const std::string& path : rule_files) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "r"), std::fclose);
    if (!file)
      return Failure(ErrorCode::kNotFound,
                     "there are no YARA rules in '" + path + "': no such file, or not to be read");
    if (lib.compiler_add_file(compiler, file.get(), nullptr, path.c_str()) != 0)
      return Failure(ErrorCode::kUsage, "YARA rules are wrong:\n" + problems);
  }
  YR_RULES* rules = nullptr;
  if (lib.compiler_get_rules(compiler, &rules) != ERROR_SUCCESS)
    return Failure(ErrorCode::kInternal, "libyara cannot finish the rules");
  const std::shared_ptr<YR_RULES> shared(rules, [&lib](YR_RULES* old) { lib.rules_destroy(old); });
  const int seconds = std::max<int>(1, static_cast<int>(timeout.us / 1'000'000));
  return ContentScanner([shared, seconds, &lib](std::string_view bytes) {
    ScanVerdict verdict;
    const int status = lib.rules_scan_mem(shared.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                          bytes.size(), SCAN_FLAGS_FAST_MODE, collect, &verdict.names, seconds);
    if (status != ERROR_SUCCESS && status != ERROR_CALLBACK_ERROR)
      verdict.failure =
          status == ERROR_SCAN_TIMEOUT ? "YARA did not end in time" : "YARA failed with code " + std::to_string(status);
    return verdict;
  });
}

}  // namespace rw

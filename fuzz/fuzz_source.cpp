// Compressed inputs and archives: no bytes may crash, hang, or grow beyond the bound on expansion.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "source/source.h"

namespace {

struct Counter : rw::InputVisitor {
  std::uint64_t delivered = 0;
  std::uint64_t inputs = 0;

  rw::Result<void> input(const rw::InputInfo&, rw::ByteStream& stream) override {
    std::vector<std::byte> buffer(4096);
    // Every other input is left unread, as inputs of no known format are.
    if (++inputs % 2 == 0) return {};
    for (;;) {
      auto got = stream.read(buffer);
      if (!got || *got == 0) return {};
      delivered += *got;
    }
  }
  void unreadable(const std::string&, const rw::Error& error) override {
    if (error.message.empty()) std::abort();
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int file = memfd_create("input", 0);
  static const std::vector<std::string> paths{"/proc/self/fd/" + std::to_string(file)};
  if (ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != static_cast<ssize_t>(size)) return 0;
  rw::SourceOptions options;
  options.max_expansion = 100;
  options.expansion_floor_bytes = 1 << 20;
  options.max_members = 100;
  Counter counter;
  if (!rw::visit_inputs(paths, options, counter)) std::abort();
  if (counter.delivered > options.expansion_floor_bytes + (size + 1) * options.max_expansion + (1 << 20)) {
    std::fprintf(stderr, "%zu bytes grew to %llu\n", size, static_cast<unsigned long long>(counter.delivered));
    std::abort();
  }
  return 0;
}

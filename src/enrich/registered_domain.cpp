// Registered domains through libpsl (the one file that includes it).
#include "enrich/registered_domain.h"

#include <libpsl.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

namespace rw {
namespace {

// Rules of the list have at most five labels; the last six labels of a name decide, so caching by them serves a tunnel too,
// where every first label is new.
constexpr unsigned kDecidingLabels = 6;
constexpr std::size_t kMaxName = 4 * 255;  // every byte of a wire name escaped as \DDD

bool ends_in_arpa(std::string_view name) {
  constexpr std::string_view kArpa = "arpa";
  if (!name.ends_with(kArpa)) return false;
  return name.size() == kArpa.size() || name[name.size() - kArpa.size() - 1] == '.';
}

// Copies `name` with every escape replaced by as many '~', which no rule contains, so that libpsl sees only the dots that
// separate labels and offsets stay the same. Returns the offset of the last kDecidingLabels labels.
std::size_t copy_without_escapes(std::string_view name, char* out) {
  std::array<std::size_t, kDecidingLabels> starts{};  // of the latest labels, as a ring
  unsigned labels = 0;
  starts[labels++ % kDecidingLabels] = 0;
  for (std::size_t i = 0; i < name.size();) {
    if (name[i] == '\\') {
      const bool decimal = i + 1 < name.size() && name[i + 1] >= '0' && name[i + 1] <= '9';
      const std::size_t length = std::min<std::size_t>(decimal ? 4 : 2, name.size() - i);
      std::memset(out + i, '~', length);
      i += length;
      continue;
    }
    out[i] = name[i];
    if (name[i++] == '.') starts[labels++ % kDecidingLabels] = i;
  }
  out[name.size()] = '\0';
  return labels <= kDecidingLabels ? 0 : starts[labels % kDecidingLabels];
}

std::size_t look_up(const char* name) {
  static const psl_ctx_t* list = psl_builtin();
  if (list == nullptr) return 0;
  const char* domain = psl_registrable_domain(list, name);
  return domain == nullptr ? 0 : std::strlen(domain);
}

// Direct-mapped: a new name takes the place of the old one in its slot.
class Cache {
 public:
  std::size_t length(std::string_view name) {
    Slot& slot = slots_[std::hash<std::string_view>{}(name) % kSlots];
    if (slot.name != name) {
      slot.length = look_up(name.data());
      slot.name = name;
    }
    return slot.length;
  }

 private:
  static constexpr std::size_t kSlots = 4096;
  struct Slot {
    std::string name;
    std::size_t length = 0;
  };
  std::vector<Slot> slots_{kSlots};
};

}  // namespace

std::string_view registered_domain(std::string_view name) {
  if (name.empty() || name.size() > kMaxName || ends_in_arpa(name)) return {};
  char plain[kMaxName + 1];
  const std::size_t decisive = copy_without_escapes(name, plain);
  thread_local Cache cache;
  const std::size_t length = cache.length({plain + decisive, name.size() - decisive});
  return length == 0 ? std::string_view{} : name.substr(name.size() - length);
}

}  // namespace rw

// Registered domains through libpsl (the one file that includes it).
#include "enrich/registered_domain.h"

#include <libpsl.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace rw {
namespace {

// Rules of the list have at most five labels; the last six labels of a name decide, so caching by them serves a tunnel
// too, where every first label is new.
constexpr unsigned kDecidingLabels = 6;
constexpr std::size_t kMaxName = 4 * 255;  // every byte of a wire name escaped as \DDD

bool ends_in_arpa(std::string_view name) {
  constexpr std::string_view kArpa = "arpa";
  if (!name.ends_with(kArpa)) return false;
  return name.size() == kArpa.size() || name[name.size() - kArpa.size() - 1] == '.';
}

// Copies `name` with every escape replaced by as many '~', which no rule contains, so that libpsl sees only the dots
// that separate labels and offsets stay the same. Returns the offset of the last kDecidingLabels labels.
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

bool is_public_suffix(const char* name) {
  static const psl_ctx_t* list = psl_builtin();
  return list != nullptr && psl_is_public_suffix(list, name) != 0;
}

// What is known of a name: whether it is itself a public suffix, and how long its registered domain is (0: it has
// none). A name that is no suffix has its parent's registered domain, or is one when its parent is a suffix; so for a
// name that was never seen under a parent that was, one question to libpsl is enough. Direct-mapped: a new name takes
// its slot over.
class Cache {
 public:
  struct Fact {
    std::uint16_t length = 0;
    bool suffix = false;
  };
  // `name` ends with a null character.
  Fact find(std::string_view name) {
    if (name.empty() || name.front() == '.') return {};
    const std::size_t hash = std::hash<std::string_view>{}(name);
    Slot& slot = slots_[hash % kSlots];
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    if (slot.tag == tag && slot.size == name.size() && std::memcmp(slot.name, name.data(), name.size()) == 0)
      return slot.fact;
    Fact fact;
    fact.suffix = is_public_suffix(name.data());
    if (const std::size_t dot = name.find('.'); !fact.suffix && dot != std::string_view::npos) {
      const Fact parent = find(name.substr(dot + 1));
      fact.length = parent.suffix ? static_cast<std::uint16_t>(name.size()) : parent.length;
    }
    if (name.size() <= sizeof slot.name) {
      slot.tag = tag;
      slot.size = static_cast<std::uint8_t>(name.size());
      slot.fact = fact;
      std::memcpy(slot.name, name.data(), name.size());
    }
    return fact;
  }

 private:
  static constexpr std::size_t kSlots = 8192;
  struct alignas(64) Slot {  // one cache line
    std::uint32_t tag = 0;
    Fact fact;
    std::uint8_t size = 0;
    char name[55] = {};
  };
  static_assert(sizeof(Slot) == 64);
  std::vector<Slot> slots_{kSlots};
};

}  // namespace

std::string_view registered_domain(std::string_view name) {
  if (name.empty() || name.size() > kMaxName || ends_in_arpa(name)) return {};
  char plain[kMaxName + 1];
  const std::size_t decisive = copy_without_escapes(name, plain);
  thread_local Cache cache;
  const std::size_t length = cache.find({plain + decisive, name.size() - decisive}).length;
  return length == 0 ? std::string_view{} : name.substr(name.size() - length);
}

struct PublicSuffixList::List {
  psl_ctx_t* context = nullptr;
  List() = default;
  List(const List&) = delete;
  List& operator=(const List&) = delete;
  ~List() { psl_free(context); }
};

PublicSuffixList::PublicSuffixList(std::unique_ptr<List> list) : list_(std::move(list)) {}
PublicSuffixList::PublicSuffixList(PublicSuffixList&&) noexcept = default;
PublicSuffixList& PublicSuffixList::operator=(PublicSuffixList&&) noexcept = default;
PublicSuffixList::~PublicSuffixList() = default;

Result<PublicSuffixList> PublicSuffixList::read(const std::string& path) {
  std::error_code problem;
  const auto size = std::filesystem::file_size(path, problem);
  if (problem)
    return Failure(problem == std::errc::no_such_file_or_directory ? ErrorCode::kNotFound : ErrorCode::kIo,
                   "cannot read " + path + ": " + problem.message());
  if (size > kMaxBytes) return Failure(ErrorCode::kLimit, path + " is no public suffix list: it has over 16 MB");
  auto list = std::make_unique<List>();
  list->context = psl_load_file(path.c_str());
  if (list->context == nullptr) return Failure(ErrorCode::kIo, "cannot read " + path);
  if (psl_suffix_count(list->context) <= 0)
    return Failure(ErrorCode::kCorrupt, path + " is no public suffix list: it holds no rules");
  return PublicSuffixList(std::move(list));
}

std::string_view PublicSuffixList::registered_domain(std::string_view name) const {
  if (name.empty() || name.size() > kMaxName || name.front() == '.' || ends_in_arpa(name)) return {};
  char plain[kMaxName + 1];
  const char* decisive = plain + copy_without_escapes(name, plain);
  const char* registered = psl_registrable_domain(list_->context, decisive);
  return registered == nullptr ? std::string_view{} : name.substr(static_cast<std::size_t>(registered - plain));
}

bool is_known_top_level_domain(std::string_view label) {
  static const psl_ctx_t* list = psl_builtin();
  constexpr std::size_t kMaxLabel = 63;
  if (list == nullptr || label.empty() || label.size() > kMaxLabel) return false;
  return label == "arpa" ||
         psl_is_public_suffix2(list, std::string(label).c_str(), PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE) != 0;
}

}  // namespace rw

// From the parts of a message to what its attachments are: types, signs, members of archives, scanners' words.
#include "mail/attachments.h"

#include <algorithm>

#include "mail/attachment_parts.h"
#include "mail/unpack.h"

namespace rw {
namespace {

using namespace attachment;

constexpr std::size_t kMaxMemberBytes = std::size_t{8} << 20;  // held at each depth: four of them at most
constexpr std::size_t kMaxProblems = 20;
constexpr std::size_t kMaxItems = 1100;  // attachments and members that are told
constexpr std::size_t kMaxName = 500;    // bytes

bool is_archive(std::string_view type) {
  static constexpr std::string_view kArchives[] = {"zip", "rar", "7z", "cab", "tar", "iso"};
  return std::find(std::begin(kArchives), std::end(kArchives), type) != std::end(kArchives);
}
bool is_compressed_file(std::string_view type) {
  static constexpr std::string_view kTypes[] = {"gz", "bz2", "xz", "zst", "lz4"};
  return std::find(std::begin(kTypes), std::end(kTypes), type) != std::end(kTypes);
}

class Looker {
 public:
  explicit Looker(const AttachmentOptions& options) : options_(options) {
    budget_.bytes = kMaxExpandedBytes;
    budget_.members = kMaxArchiveMembers;
  }

  void look(std::string_view bytes, std::string name, std::string_view declared, unsigned depth, bool cut) {
    if (report.items.size() >= kMaxItems) return;
    const std::size_t index = report.items.size();
    report.items.emplace_back();
    {
      AttachmentItem& item = report.items[index];
      item.name = std::move(name);
      if (item.name.size() > kMaxName) item.name.resize(kMaxName);
      item.declared = declared;
      item.type = content_type_word(bytes);
      item.bytes = bytes.size();
      item.depth = depth;
      if (cut) {
        add_sign(item, AttachmentSign::kArchiveBomb);
        problem(item.name + ": looked at as far as " + std::to_string(bytes.size()) + " bytes");
      }
    }
    look_inside(bytes, index);
    AttachmentItem& item = report.items[index];
    judge_name(item);
    scan(bytes, item);
    if (item.has(AttachmentSign::kMacros)) ++report.macros;
  }

  AttachmentReport report;

 private:
  void look_inside(std::string_view bytes, std::size_t index) {
    AttachmentItem& item = report.items[index];
    const std::string& type = item.type;
    if (type == "exe" || type == "elf" || type == "macho" || type == "class" || type == "deb" || type == "rpm")
      add_sign(item, AttachmentSign::kExecutable);
    if (type == "lnk") add_sign(item, AttachmentSign::kShortcut);
    if (type == "onenote") add_sign(item, AttachmentSign::kOneNote);
    if (type == "iso" || type == "img" || type == "vhd") add_sign(item, AttachmentSign::kDiskImage);
    if (type == "chm") add_sign(item, AttachmentSign::kScript);
    if (type == "rtf") look_into_rtf(bytes, item);
    if (type == "pdf") look_into_pdf(bytes, item);
    if (type == "html" || type == "svg" || type == "hta" || type == "xml" || type == "office-xml")
      look_into_markup(bytes, item);
    if (type == "text" || type == "script" || type == "shortcut") look_into_text(bytes, item);
    if (type == "ole") {
      Inner inner;
      look_into_compound(bytes, item, inner);
      const std::string outer = item.name;
      const unsigned depth = item.depth;
      for (const auto& [name, content] : inner)
        if (depth < kMaxArchiveDepth) look(content, outer + "!" + name, "", depth + 1, false);
      return;
    }
    if (is_archive(type) || is_compressed_file(type)) look_into_archive(bytes, index);
  }

  void look_into_archive(std::string_view bytes, std::size_t index) {
    const std::string outer = report.items[index].name;
    const unsigned depth = report.items[index].depth;
    if (depth >= kMaxArchiveDepth) {
      add_sign(report.items[index], AttachmentSign::kArchiveBomb);
      problem(outer + ": archives in archives, more than " + std::to_string(kMaxArchiveDepth) + " deep");
      return;
    }
    Package package;
    const bool zip = report.items[index].type == "zip";
    const std::size_t first = report.items.size();
    const UnpackLimits limits{.member_bytes = kMaxMemberBytes, .ratio = kMaxExpansionRatio};
    const bool compressed_file = is_compressed_file(report.items[index].type);
    const UnpackResult result = unpack(bytes, compressed_file, limits, budget_, [&](const UnpackedMember& member) {
      if (zip) package.member(member.name, member.content);
      if (member.encrypted) {
        add_encrypted(outer, member.name, depth);
        return true;
      }
      if (zip && package.is_package() && !Package::is_interesting(member.name)) return true;
      look(member.content, outer + "!" + (member.name.empty() ? "content" : member.name), "", depth + 1, member.cut);
      return report.items.size() < kMaxItems;
    });
    AttachmentItem& item = report.items[index];
    if (zip && package.is_package()) {
      package.finish(item);
      drop_plain_members(first);
    }
    if (result.encrypted) add_sign(item, AttachmentSign::kEncryptedArchive);
    if (result.bomb) add_sign(item, AttachmentSign::kArchiveBomb);
    if (result.damaged) add_sign(item, AttachmentSign::kDamagedArchive);
    if (!result.problem.empty()) problem(outer + ": " + result.problem);
  }

  // Members of a document are told only where something about them stands out.
  void drop_plain_members(std::size_t first) {
    auto& items = report.items;
    items.erase(std::remove_if(items.begin() + static_cast<std::ptrdiff_t>(first), items.end(),
                               [](const AttachmentItem& item) { return item.signs.empty() && item.malware.empty(); }),
                items.end());
  }

  void add_encrypted(const std::string& outer, const std::string& name, unsigned depth) {
    if (report.items.size() >= kMaxItems) return;
    AttachmentItem item;
    item.name = outer + "!" + name;
    if (item.name.size() > kMaxName) item.name.resize(kMaxName);
    item.type = "encrypted";
    item.depth = depth + 1;
    judge_name(item);
    report.items.push_back(std::move(item));
  }

  void scan(std::string_view bytes, AttachmentItem& item) {
    if (item.depth > 0 && item.signs.empty() && bytes.size() < 64) return;
    for (const ContentScanner& scanner : options_.scanners) {
      const ScanVerdict verdict = scanner(bytes);
      if (!verdict.failure.empty()) {
        add_sign(item, AttachmentSign::kScannerFailed);
        problem(item.name + ": " + verdict.failure);
      }
      for (const std::string& name : verdict.names)
        if (std::find(item.malware.begin(), item.malware.end(), name) == item.malware.end())
          item.malware.push_back(name);
    }
    if (!item.malware.empty()) add_sign(item, AttachmentSign::kMalware);
  }

  void problem(std::string text) {
    if (report.problems.size() < kMaxProblems) report.problems.push_back(std::move(text));
  }

  const AttachmentOptions& options_;
  UnpackBudget budget_;
};

// Parts that are files: named ones, and content that is no text for people.
bool is_file(const MimePart& part) {
  if (part.is_multipart()) return false;
  if (part.attachment) return true;
  if (part.type.starts_with("message/") || part.type.starts_with("text/")) return false;
  return true;
}

}  // namespace

std::string_view to_string(AttachmentSign sign) {
  switch (sign) {
    case AttachmentSign::kMacros: return "macros";
    case AttachmentSign::kAutoMacros: return "auto-macros";
    case AttachmentSign::kRemoteTemplate: return "remote-template";
    case AttachmentSign::kEmbeddedObject: return "embedded-object";
    case AttachmentSign::kActivePdf: return "active-pdf";
    case AttachmentSign::kExecutable: return "executable";
    case AttachmentSign::kScript: return "script";
    case AttachmentSign::kShortcut: return "shortcut";
    case AttachmentSign::kDiskImage: return "disk-image";
    case AttachmentSign::kOneNote: return "onenote";
    case AttachmentSign::kActiveHtml: return "active-html";
    case AttachmentSign::kSmuggling: return "html-smuggling";
    case AttachmentSign::kHtmlForm: return "html-form";
    case AttachmentSign::kDoubleExtension: return "double-extension";
    case AttachmentSign::kDirectionTrick: return "direction-trick";
    case AttachmentSign::kTypeMismatch: return "type-mismatch";
    case AttachmentSign::kEncryptedArchive: return "encrypted-archive";
    case AttachmentSign::kEncryptedDocument: return "encrypted-document";
    case AttachmentSign::kArchiveBomb: return "archive-bomb";
    case AttachmentSign::kDamagedArchive: return "damaged-archive";
    case AttachmentSign::kMalware: return "malware";
    case AttachmentSign::kScannerFailed: return "scanner-failed";
  }
  return "malware";
}

bool AttachmentItem::has(AttachmentSign sign) const {
  return std::find(signs.begin(), signs.end(), sign) != signs.end();
}
bool AttachmentReport::has(AttachmentSign sign) const {
  return std::any_of(items.begin(), items.end(), [sign](const AttachmentItem& item) { return item.has(sign); });
}
std::vector<AttachmentSign> AttachmentReport::signs() const {
  std::vector<AttachmentSign> out;
  for (const AttachmentItem& item : items)
    for (const AttachmentSign sign : item.signs)
      if (std::find(out.begin(), out.end(), sign) == out.end()) out.push_back(sign);
  std::sort(out.begin(), out.end());
  return out;
}

AttachmentReport check_attachments(const MimeTree& tree, const AttachmentOptions& options) {
  Looker looker(options);
  for (const MimePart& part : tree.parts) {
    if (!is_file(part)) continue;
    if (part.attachment) ++looker.report.attachments;
    bool cut = false;
    const std::string bytes = part.decoded(kMaxAttachmentBytes, &cut);
    looker.look(bytes, part.name, part.type, 0, cut);
  }
  return std::move(looker.report);
}

AttachmentReport check_content(std::string_view bytes, std::string_view name, std::string_view declared,
                               const AttachmentOptions& options) {
  Looker looker(options);
  looker.report.attachments = 1;
  looker.look(bytes, std::string(name), declared, 0, false);
  return std::move(looker.report);
}

}  // namespace rw

// Office documents: macros, remote templates and objects in compound files, Open XML, OpenDocument and RTF.
#include <algorithm>
#include <array>

#include "mail/attachment_parts.h"
#include "mail/compound_file.h"

namespace rw::attachment {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kMaxModules = 200;                       // VBA streams looked at
constexpr std::size_t kMaxModuleBytes = std::size_t{1} << 20;  // of one stream, compressed
constexpr std::size_t kMaxSource = std::size_t{4} << 20;       // of one module's source
constexpr std::size_t kMaxWorkbook = std::size_t{1} << 20;     // sheets are listed at a workbook's beginning
constexpr std::size_t kMaxInner = 100;                         // attachments of an Outlook message
constexpr std::size_t kMaxInnerBytes = std::size_t{8} << 20;

// Procedures that Office calls by itself.
constexpr std::array kAutoNames{
    "autoopen"sv,           "auto_open"sv,         "autoexec"sv,       "autonew"sv,
    "autoclose"sv,          "auto_close"sv,        "autoexit"sv,       "document_open"sv,
    "documentopen"sv,       "document_close"sv,    "document_new"sv,   "document_beforeclose"sv,
    "workbook_open"sv,      "workbook_activate"sv, "workbook_close"sv, "workbook_beforeclose"sv,
    "worksheet_activate"sv, "app_documentopen"sv,  "_layout"sv,        "_painted"sv,
    "_painting"sv};

bool names_auto_procedure(std::string_view source) {
  return std::any_of(kAutoNames.begin(), kAutoNames.end(), [&](std::string_view name) { return holds(source, name); });
}

struct Vba {
  bool there = false;
  bool runs_by_itself = false;
};

// A module's stream holds compiled code and then its source, compressed: "Attribute VB_Name" is how each begins.
Vba vba_of(const CompoundFile& file) {
  Vba vba;
  std::size_t modules = 0;
  for (const CompoundStream& stream : file.streams()) {
    const bool inside = holds(stream.path, "vba/") && !stream.storage;
    if (holds(stream.path, "_vba_project") ||
        (stream.storage && (stream.path == "VBA" || stream.path.ends_with("/VBA"))))
      vba.there = true;
    if (!inside || vba.runs_by_itself || ++modules > kMaxModules) continue;
    const std::string bytes = file.read(stream, kMaxModuleBytes);
    constexpr std::string_view kStart = "\0Attribut"sv;
    constexpr std::size_t kBefore = 3;  // the container's signature and the chunk's header (MS-OVBA 2.4.1.1)
    for (std::size_t at = bytes.find(kStart); at != std::string::npos; at = bytes.find(kStart, at + 1))
      if (at >= kBefore &&
          names_auto_procedure(vba_decompressed(std::string_view(bytes).substr(at - kBefore), kMaxSource)))
        vba.runs_by_itself = true;
  }
  return vba;
}

std::uint16_t u16(std::string_view bytes, std::size_t at) {
  return at + 2 > bytes.size() ? std::uint16_t{0}
                               : static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[at]) |
                                                            static_cast<unsigned char>(bytes[at + 1]) << 8);
}

// MS-XLS 2.4.28 BoundSheet8: the type of each sheet; 2.4.117 FilePass: encrypted.
void look_into_workbook(std::string_view records, AttachmentItem& item) {
  constexpr std::uint16_t kBoundSheet = 0x0085, kFilePass = 0x002F;
  for (std::size_t at = 0; at + 4 <= records.size();) {
    const std::uint16_t type = u16(records, at);
    const std::size_t size = u16(records, at + 2);
    if (type == kFilePass) add_sign(item, AttachmentSign::kEncryptedDocument);
    if (type == kBoundSheet && size >= 6 && at + 9 < records.size() && records[at + 9] == 1) {
      add_sign(item, AttachmentSign::kMacros);
      add_sign(item, AttachmentSign::kAutoMacros);  // Excel 4 macros begin by a defined name, which is not looked for
    }
    at += 4 + size;
  }
}

bool ends_with_folded(std::string_view text, std::string_view lower_end) {
  return text.size() >= lower_end.size() && holds(text.substr(text.size() - lower_end.size()), lower_end);
}

// A relationship that Office follows by itself when it opens the document: its type and where it leads.
bool has_remote_relationship(std::string_view rels) {
  for (std::size_t at = rels.find("<Relationship "); at != std::string_view::npos;
       at = rels.find("<Relationship ", at + 1)) {
    const std::string_view one = rels.substr(at, std::min(rels.find('>', at), rels.size()) - at);
    if (!holds(one, "targetmode=\"external\"") && !holds(one, "targetmode='external'")) continue;
    if (holds(one, "/hyperlink\"") || holds(one, "/hyperlink'")) continue;  // followed only when somebody clicks
    const bool elsewhere = holds(one, "http:") || holds(one, "https:") || holds(one, "ftp:") || holds(one, "mhtml:") ||
                           holds(one, "file:") || holds(one, "\\\\") || holds(one, "target=\"//");
    static constexpr std::array kFollowed{"/attachedtemplate"sv, "/oleobject"sv, "/frame"sv,   "/subdocument"sv,
                                          "/externallink"sv,     "/aroobject"sv, "/control"sv, "/package"sv};
    if (elsewhere &&
        std::any_of(kFollowed.begin(), kFollowed.end(), [&](std::string_view type) { return holds(one, type); }))
      return true;
  }
  return false;
}

}  // namespace

void look_into_compound(std::string_view bytes, AttachmentItem& item, Inner& inner) {
  const CompoundFile file(bytes);
  if (!file.valid()) {
    add_sign(item, AttachmentSign::kDamagedArchive);
    return;
  }
  const auto has = [&](std::string_view path) { return file.find(path) != nullptr; };
  if (has("EncryptedPackage")) {
    item.type = "encrypted-office";
    add_sign(item, AttachmentSign::kEncryptedDocument);
  } else if (const CompoundStream* word = file.find("WordDocument")) {
    item.type = "doc";
    const std::string head = file.read(*word, 32);  // MS-DOC 2.5.2 FibBase: fEncrypted
    if ((u16(head, 10) & 0x0100) != 0) add_sign(item, AttachmentSign::kEncryptedDocument);
  } else if (has("Workbook") || has("Book")) {
    item.type = "xls";
    const CompoundStream* book = has("Workbook") ? file.find("Workbook") : file.find("Book");
    look_into_workbook(file.read(*book, kMaxWorkbook), item);
  } else if (has("PowerPoint Document")) {
    item.type = "ppt";
  } else if (has("FileHeader") && has("DocInfo")) {
    item.type = "hwp";
  } else if (has("__properties_version1.0")) {
    item.type = "msg";
  } else if (extension_of(item.name) == "msi" || has("\xE4\xA1\x80\xE3\xBC\xBF\xE4\x8D\xA4\xE4\x88\xAF\xE4\x94\xB6")) {
    item.type = "msi";
    add_sign(item, AttachmentSign::kExecutable);
  }
  const Vba vba = vba_of(file);
  if (vba.there) add_sign(item, AttachmentSign::kMacros);
  if (vba.runs_by_itself) add_sign(item, AttachmentSign::kAutoMacros);
  for (const CompoundStream& stream : file.streams()) {
    if (ends_with_folded(stream.path, "\x01ole10native") || ends_with_folded(stream.path, "equation native"))
      add_sign(item, AttachmentSign::kEmbeddedObject);
    // The content of an attachment (MS-OXMSG 2.1.3, PidTagAttachDataBinary).
    if (item.type == "msg" && ends_with_folded(stream.path, "__substg1.0_37010102") && inner.size() < kMaxInner)
      inner.emplace_back(stream.path.substr(0, stream.path.find('/')), file.read(stream, kMaxInnerBytes));
    // Scripts and objects of Hangul documents: BinData/BIN0001.eps, .OLE; DefaultJScript is in each of them.
    if (item.type == "hwp" && (ends_with_folded(stream.path, ".ole") || ends_with_folded(stream.path, ".eps") ||
                               ends_with_folded(stream.path, ".ps")))
      add_sign(item, AttachmentSign::kEmbeddedObject);
  }
}

void look_into_rtf(std::string_view bytes, AttachmentItem& item) {
  if (holds(bytes, "\\objdata") || holds(bytes, "\\objemb") || holds(bytes, "\\objocx") ||
      holds(bytes, "\\objautlink") || holds(bytes, "\\objupdate"))
    add_sign(item, AttachmentSign::kEmbeddedObject);
  constexpr std::size_t kNear = 512;  // of the template's target behind the word
  for (std::size_t at = bytes.find("\\*\\template"); at != std::string_view::npos;
       at = bytes.find("\\*\\template", at + 1)) {
    const std::string_view target = bytes.substr(at, kNear).substr(0, bytes.substr(at, kNear).find('}'));
    // Characters may be written as \u104? or \'68: what is no plain local path counts.
    if (holds(target, "http") || holds(target, "ftp:") || holds(target, "\\\\\\\\") || holds(target, "\\u1") ||
        holds(target, "\\'"))
      add_sign(item, AttachmentSign::kRemoteTemplate);
  }
}

void Package::member(std::string_view name, std::string_view content) {
  if (name == "[Content_Types].xml") {
    content_types_ = true;
    macro_types_ = macro_types_ || holds(content, "macroenabled") || holds(content, "vbaproject");
    binary_workbook_ = binary_workbook_ || holds(content, "sheet.binary");
  }
  if (name == "mimetype") mime_type_ = content.substr(0, 100);
  if (name.starts_with("word/")) word_ = true;
  if (name.starts_with("xl/")) excel_ = true;
  if (name.starts_with("ppt/")) powerpoint_ = true;
  if (name.starts_with("xl/macrosheets/")) macro_sheets_ = true;
  if (name.starts_with("Basic/") || name.starts_with("Scripts/")) basic_ = true;
  if (name == "META-INF/MANIFEST.MF") jar_ = true;
  if (name == "AndroidManifest.xml") android_ = true;
  if (name.ends_with(".class")) classes_ = true;
  if (ends_with_folded(name, ".rels")) remote_ = remote_ || has_remote_relationship(content);
  if (holds(name, "/embeddings/") && ends_with_folded(name, ".bin")) embedded_ = true;
  if (holds(name, "/activex/")) embedded_ = true;
  if (ends_with_folded(name, "vbaproject.bin") || content_type_word(content.substr(0, 4096)) == "ole") {
    const CompoundFile file(content);
    const Vba vba = vba_of(file);
    vba_ = vba_ || vba.there || ends_with_folded(name, "vbaproject.bin");
    auto_macros_ = auto_macros_ || vba.runs_by_itself;
  }
}

bool Package::is_interesting(std::string_view name) {
  if (ends_with_folded(name, "vbaproject.bin")) return false;  // the package has its macros already
  if (holds(name, "embeddings/") || holds(name, "bindata/")) return true;
  static constexpr std::array kPlain{".xml"sv, ".rels"sv,  ".png"sv, ".jpg"sv, ".jpeg"sv,  ".gif"sv,
                                     ".emf"sv, ".wmf"sv,   ".bin"sv, ".vml"sv, ".class"sv, ".mf"sv,
                                     ".ttf"sv, ".odttf"sv, ".rdf"sv, ".css"sv};
  return std::none_of(kPlain.begin(), kPlain.end(),
                      [&](std::string_view end) { return ends_with_folded(name, end); }) &&
         name != "mimetype" && !name.starts_with("META-INF/");
}

void Package::finish(AttachmentItem& item) const {
  const bool macros = vba_ || macro_sheets_ || macro_types_;
  if (content_types_ && (word_ || excel_ || powerpoint_)) {
    item.type = word_    ? (macros ? "docm" : "docx")
                : excel_ ? (binary_workbook_ ? "xlsb"
                            : macros         ? "xlsm"
                                             : "xlsx")
                         : (macros ? "pptm" : "pptx");
  } else if (mime_type_.starts_with("application/vnd.oasis.opendocument.")) {
    item.type = mime_type_.find("text") != std::string::npos          ? "odt"
                : mime_type_.find("spreadsheet") != std::string::npos ? "ods"
                                                                      : "odp";
  } else if (mime_type_.starts_with("application/hwp+zip")) {
    item.type = "hwpx";
  } else if (android_) {
    item.type = "apk";
    add_sign(item, AttachmentSign::kExecutable);
  } else if (jar_ && classes_) {
    item.type = "jar";
    add_sign(item, AttachmentSign::kExecutable);
  }
  if (macros || (basic_ && !mime_type_.empty())) add_sign(item, AttachmentSign::kMacros);
  if (auto_macros_ || macro_sheets_) add_sign(item, AttachmentSign::kAutoMacros);
  if (remote_) add_sign(item, AttachmentSign::kRemoteTemplate);
  if (embedded_) add_sign(item, AttachmentSign::kEmbeddedObject);
}

}  // namespace rw::attachment

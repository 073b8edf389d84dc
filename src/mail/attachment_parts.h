// What looking into an attachment is made of: one function a family of formats, each of which adds signs to the item.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mail/attachments.h"

namespace rw::attachment {

void add_sign(AttachmentItem& item, AttachmentSign sign);

// "report.pdf.exe" -> "exe"; lower case, "" without; trailing dots and spaces are ignored, as Windows does.
std::string extension_of(std::string_view name);
// Signs that a name alone gives, and a content that is more dangerous than its name: after the type is known.
void judge_name(AttachmentItem& item);

// Inner streams that are files themselves, such as attachments of an Outlook message.
using Inner = std::vector<std::pair<std::string, std::string>>;  // name, bytes
void look_into_compound(std::string_view bytes, AttachmentItem& item, Inner& inner);
void look_into_rtf(std::string_view bytes, AttachmentItem& item);
void look_into_pdf(std::string_view bytes, AttachmentItem& item);
void look_into_markup(std::string_view bytes, AttachmentItem& item);  // html, svg, xml
void look_into_text(std::string_view bytes, AttachmentItem& item);    // scripts and shortcuts

// A zip that may be a document: members one by one, then finish() says what it was.
class Package {
 public:
  void member(std::string_view name, std::string_view content);
  bool is_package() const { return content_types_ || !mime_type_.empty() || jar_; }
  static bool is_interesting(std::string_view name);  // a member that is a file of its own: embedded documents
  void finish(AttachmentItem& item) const;

 private:
  bool content_types_ = false, macro_types_ = false, vba_ = false, auto_macros_ = false, macro_sheets_ = false;
  bool remote_ = false, embedded_ = false, basic_ = false, jar_ = false, android_ = false, classes_ = false;
  bool word_ = false, excel_ = false, powerpoint_ = false, binary_workbook_ = false;
  std::string mime_type_;
};

// Case folded search for ASCII words.
bool holds(std::string_view text, std::string_view lower_word);

}  // namespace rw::attachment

// Renderer pdf: the page for paper, made into PDF by WeasyPrint when that is installed; text that no font has is
// refused.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "report/renderer.h"

extern char** environ;

namespace rw {
namespace {

namespace fs = std::filesystem;
constexpr auto kLongest = std::chrono::seconds(300);  // of WeasyPrint: a large dossier takes some 20 s
constexpr std::size_t kMostShown = 20;                // characters without a font that the message names

// A folder of our own that goes away with everything in it.
class Folder {
 public:
  static Result<Folder> make() {
    std::string path = (fs::temp_directory_path() / "rangewatch-pdf-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr)
      return Failure(ErrorCode::kIo, "cannot make a temporary folder: " + std::string(std::strerror(errno)));
    return Folder(path);
  }
  explicit Folder(fs::path path) : path_(std::move(path)) {}
  Folder(Folder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Folder& operator=(Folder&&) = delete;
  ~Folder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  std::string file(std::string_view name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

bool is_installed(const std::string& tool) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (access((folder + "/" + tool).c_str(), X_OK) == 0) return true;
  return false;
}

// Waits for `pid` and gives its exit status; ends it when it takes too long.
Result<int> wait_for(pid_t pid, const std::string& tool) {
  const auto deadline = std::chrono::steady_clock::now() + kLongest;
  for (;;) {
    int status = 0;
    const pid_t done = waitpid(pid, &status, WNOHANG);
    if (done == pid) return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    if (done < 0 && errno != EINTR) return Failure(ErrorCode::kIo, "lost " + tool + ": " + std::strerror(errno));
    if (std::chrono::steady_clock::now() > deadline) {
      kill(pid, SIGKILL);
      waitpid(pid, &status, 0);
      return Failure(ErrorCode::kLimit, tool + " took over " + std::to_string(kLongest.count()) + " s");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

// Runs a program with its output in files.
Result<int> run_tool(std::vector<std::string> words, const std::string& out, const std::string& err) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  pid_t pid = 0;
  const int failed = posix_spawnp(&pid, words[0].c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return Failure(ErrorCode::kIo, "cannot run " + words[0] + ": " + std::strerror(failed));
  return wait_for(pid, words[0]);
}

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The characters beyond ASCII that the page holds. What is no UTF-8 is left to the page's writer.
std::set<std::uint32_t> characters(std::string_view text) {
  std::set<std::uint32_t> found;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    std::uint32_t code = lead & (0xFF >> (length + 1));
    for (std::size_t k = 1; k < length && i + k < text.size(); ++k)
      code = code << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3F);
    if (length > 1 && code != 0xA0) found.insert(code);  // a no-break space draws nothing
    i += length;
  }
  return found;
}

void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
  } else {
    if (code < 0x10000) {
      out += static_cast<char>(0xE0 | code >> 12);
    } else {
      out += static_cast<char>(0xF0 | code >> 18);
      out += static_cast<char>(0x80 | (code >> 12 & 0x3F));
    }
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
  }
  out += static_cast<char>(0x80 | (code & 0x3F));
}

// Takes out of `wanted` what the fonts of `listing` (`fc-list : charset`, hexadecimal ranges) have.
void remove_covered(std::set<std::uint32_t>& wanted, const std::string& listing) {
  std::istringstream words(listing);
  for (std::string word; !wanted.empty() && words >> word;) {
    if (const std::size_t equals = word.find('='); equals != std::string::npos) word.erase(0, equals + 1);
    char* end = nullptr;
    const auto first = static_cast<std::uint32_t>(std::strtoul(word.c_str(), &end, 16));
    if (end == word.c_str()) continue;
    const auto last = *end == '-' ? static_cast<std::uint32_t>(std::strtoul(end + 1, nullptr, 16)) : first;
    wanted.erase(wanted.lower_bound(first), wanted.upper_bound(last));
  }
}

// PDF readers bring no fonts of their own: a character that none here has would be an empty box.
Result<void> check_fonts(const std::string& page, const Folder& folder) {
  std::set<std::uint32_t> missing = characters(page);
  if (missing.empty()) return {};
  if (!is_installed("fc-list"))
    return Failure(ErrorCode::kUnsupported,
                   "pdf: whether the fonts have all characters cannot be told without fc-list; install it with "
                   "'apt-get install fontconfig', or write html");
  RW_ASSIGN(const int status,
            run_tool({"fc-list", ":", "charset"}, folder.file("fonts"), folder.file("fonts-problems")));
  if (status != 0)
    return Failure(ErrorCode::kInternal, "pdf: fc-list failed: " + contents(folder.file("fonts-problems")));
  remove_covered(missing, contents(folder.file("fonts")));
  if (missing.empty()) return {};
  constexpr std::uint32_t kFirstEastAsian = 0x2E80;
  std::string shown;
  std::size_t count = 0;
  for (const std::uint32_t code : missing)
    if (count++ < kMostShown) append_utf8(shown, code);
  return Failure(ErrorCode::kUnsupported,
                 "pdf: no installed font has " + std::to_string(missing.size()) + " of the characters in it (" + shown +
                     (missing.size() > kMostShown ? " …" : "") + "); install " +
                     (*missing.rbegin() >= kFirstEastAsian ? "'apt-get install fonts-noto-cjk'"
                                                           : "'apt-get install fonts-noto-core'") +
                     ", or write html");
}

Result<RenderedDossier> render(const Dossier& dossier, const RenderOptions& options) {
  if (!is_installed("weasyprint"))
    return Failure(ErrorCode::kUnsupported,
                   "pdf is written by WeasyPrint, which is not installed: 'apt-get install weasyprint', or write html");
  RenderOptions paper = options;
  paper.print = true;
  RW_ASSIGN(const RenderedDossier page, find_renderer("html")->render(dossier, paper));
  RW_ASSIGN(const Folder folder, Folder::make());
  RW_TRY(check_fonts(page.text, folder));
  std::ofstream(folder.file("page.html"), std::ios::binary) << page.text;
  RW_ASSIGN(const int status, run_tool({"weasyprint", "--quiet", "--encoding", "utf-8", folder.file("page.html"),
                                        folder.file("page.pdf")},
                                       folder.file("out"), folder.file("problems")));
  std::string pdf = contents(folder.file("page.pdf"));
  if (status != 0 || !pdf.starts_with("%PDF-")) {
    std::string why = contents(folder.file("problems"));
    constexpr std::size_t kTail = 500;
    if (why.size() > kTail) why.erase(0, why.size() - kTail);
    return Failure(ErrorCode::kInternal, "pdf: WeasyPrint failed: " + why);
  }
  return RenderedDossier{std::move(pdf), {}};
}

}  // namespace

extern constinit const Renderer kPdfRenderer{
    "pdf", "pdf", "the page for paper; needs WeasyPrint (apt-get install weasyprint) and fonts for the language",
    render};

}  // namespace rw

// TLS for IMAP by libcurl, which is loaded when a mailbox is first asked for: few runs need it, and it brings much
// along.
#include <curl/curl.h>
#include <dlfcn.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "mail/imap.h"

namespace rw {
namespace {

struct Curl {
  decltype(&curl_global_init) global_init = nullptr;
  decltype(&curl_easy_init) easy_init = nullptr;
  decltype(&curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&curl_easy_setopt) easy_setopt = nullptr;
  decltype(&curl_easy_perform) easy_perform = nullptr;
  decltype(&curl_easy_getinfo) easy_getinfo = nullptr;
  decltype(&curl_easy_send) easy_send = nullptr;
  decltype(&curl_easy_recv) easy_recv = nullptr;
  decltype(&curl_easy_strerror) easy_strerror = nullptr;
  std::string missing;

  Curl() {
    void* library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) library = dlopen("libcurl-gnutls.so.4", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      missing = "reading a mailbox on a server needs libcurl (Debian: libcurl4), which cannot be loaded: ";
      missing += dlerror();
      return;
    }
    const auto find = [&](const char* name, auto& function) {
      void* symbol = dlsym(library, name);
      if (symbol == nullptr) missing = std::string("the libcurl that is installed has no ") + name;
      std::memcpy(&function, &symbol, sizeof symbol);
    };
    find("curl_global_init", global_init);
    find("curl_easy_init", easy_init);
    find("curl_easy_cleanup", easy_cleanup);
    find("curl_easy_setopt", easy_setopt);
    find("curl_easy_perform", easy_perform);
    find("curl_easy_getinfo", easy_getinfo);
    find("curl_easy_send", easy_send);
    find("curl_easy_recv", easy_recv);
    find("curl_easy_strerror", easy_strerror);
    if (missing.empty() && global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) missing = "libcurl cannot be started";
  }
};
const Curl& curl() {
  static const auto* const kCurl = new Curl();
  return *kCurl;
}

class TlsTransport : public ImapTransport {
 public:
  TlsTransport(std::string host, Duration timeout) : host_(std::move(host)), timeout_(timeout) {}
  ~TlsTransport() override {
    if (handle_ != nullptr) curl().easy_cleanup(handle_);
  }
  TlsTransport(const TlsTransport&) = delete;
  TlsTransport& operator=(const TlsTransport&) = delete;

  Result<void> connect(const ImapUrl& url, const ImapTls& tls) {
    const Curl& library = curl();
    handle_ = library.easy_init();
    if (handle_ == nullptr) return Failure(ErrorCode::kInternal, "libcurl gives no handle");
    // Only TLS is libcurl's part, so the scheme is the plainest that has it; the protocol is ours (imap.cpp). libcurl's
    // own IMAP would set \Seen on what it fetches.
    const std::string address = "https://" + url.host + ":" + std::to_string(url.port) + "/";
    const long milliseconds = static_cast<long>(timeout_.us / 1000);
    const auto set = [&](CURLoption option, auto value) { library.easy_setopt(handle_, option, value); };
    set(CURLOPT_URL, address.c_str());
    set(CURLOPT_CONNECT_ONLY, 1L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_SSL_ENABLE_ALPN, 0L);
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_PROXY, "");  // a proxy of the environment is meant for the web
    set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds);
    set(CURLOPT_ERRORBUFFER, error_.data());
    if (!tls.ca_file.empty()) {
      set(CURLOPT_CAINFO, tls.ca_file.c_str());
      set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    }
    const CURLcode done = library.easy_perform(handle_);
    if (done != CURLE_OK) return failed("cannot connect to", done);
    if (library.easy_getinfo(handle_, CURLINFO_ACTIVESOCKET, &socket_) != CURLE_OK || socket_ == CURL_SOCKET_BAD)
      return Failure(ErrorCode::kIo, "cannot connect to " + host_);
    return {};
  }

  Result<void> send(std::string_view bytes) override {
    while (!bytes.empty()) {
      std::size_t sent = 0;
      const CURLcode done = curl().easy_send(handle_, bytes.data(), bytes.size(), &sent);
      if (done == CURLE_AGAIN) {
        RW_TRY(wait(POLLOUT));
        continue;
      }
      if (done != CURLE_OK) return failed("cannot write to", done);
      bytes.remove_prefix(sent);
    }
    return {};
  }

  Result<std::size_t> receive(std::span<char> buffer) override {
    for (;;) {
      std::size_t got = 0;
      const CURLcode done = curl().easy_recv(handle_, buffer.data(), buffer.size(), &got);
      if (done == CURLE_AGAIN) {
        RW_TRY(wait(POLLIN));
        continue;
      }
      if (done != CURLE_OK) return failed("cannot read from", done);
      if (got == 0) return Failure(ErrorCode::kIo, host_ + " ended the connection");
      return got;
    }
  }

 private:
  Failure failed(const char* doing, CURLcode code) const {
    std::string why = error_[0] != 0 ? std::string(error_.data()) : std::string(curl().easy_strerror(code));
    if (code == CURLE_PEER_FAILED_VERIFICATION)
      why += "; if you trust this server's authority, name its certificate with --ca-file";
    return Failure(ErrorCode::kIo, std::string(doing) + " " + host_ + ": " + why);
  }
  Result<void> wait(short events) const {
    pollfd one{static_cast<int>(socket_), events, 0};
    const int ready = ::poll(&one, 1, static_cast<int>(timeout_.us / 1000));
    if (ready > 0 || (ready < 0 && errno == EINTR)) return {};
    return Failure(ErrorCode::kIo,
                   host_ + (ready == 0 ? " said nothing for " + std::to_string(timeout_.us / 1'000'000) + " seconds"
                                       : std::string(": ") + std::strerror(errno)));
  }

  std::string host_;
  Duration timeout_;
  CURL* handle_ = nullptr;
  curl_socket_t socket_ = CURL_SOCKET_BAD;
  std::array<char, CURL_ERROR_SIZE> error_{};
};

}  // namespace

Result<std::unique_ptr<ImapTransport>> connect_imap(const ImapUrl& url, const ImapTls& tls) {
  if (!curl().missing.empty()) return Failure(ErrorCode::kUnsupported, curl().missing);
  auto transport = std::make_unique<TlsTransport>(url.host, tls.timeout);
  RW_TRY(transport->connect(url, tls));
  return std::unique_ptr<ImapTransport>(std::move(transport));
}

}  // namespace rw

// Real captures, where there are any: what the manifest calls mining, VPN, Tor or IRC is found, and nothing in what it
// calls benign.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "detect/detector.h"
#include "ingest/ingest.h"
#include "small_lake.h"

namespace rw {
namespace {

namespace fs = std::filesystem;

fs::path data() {
  const char* folder = std::getenv("RW_SHARED_DATA");
  return folder != nullptr ? fs::path(folder) : fs::path(RW_SOURCE_DIR) / "../shared/data";
}

// Path and label of each capture.
std::vector<std::pair<std::string, std::string>> captures() {
  std::vector<std::pair<std::string, std::string>> all;
  std::ifstream manifest(data() / "MANIFEST.tsv");
  for (std::string line; std::getline(manifest, line);) {
    const std::size_t one = line.find('\t'), two = line.find('\t', one + 1);
    if (two == std::string::npos || !line.starts_with("captures/")) continue;
    const std::size_t three = std::min(line.find('\t', two + 1), line.size());
    all.emplace_back(line.substr(0, one), line.substr(two + 1, three - two - 1));
  }
  return all;
}

std::set<std::string> found_in(const std::string& path) {
  constexpr const char* kDetectors[] = {"mining-pool", "coin-node",       "vpn",           "tor",   "proxy",
                                        "irc",         "exposed-service", "legacy-plugin", "beacon"};
  SmallLake small;
  const auto summary = ingest(small.lake(), std::vector<std::string>{(data() / path).string()}, {}, {});
  EXPECT_TRUE(summary) << path << ": " << summary.error().message;
  std::set<std::string> found;
  for (const char* id : kDetectors) {
    const auto findings = run_detector(small.lake(), *find_detector(id), {});
    EXPECT_TRUE(findings) << path << ", " << id << ": " << findings.error().message;
    if (findings && !findings->empty()) found.insert(id);
  }
  return found;
}

TEST(Captures, AreFoundByTheirLabelsAndBenignOnesAreNot) {
  const auto all = captures();
  if (all.empty()) GTEST_SKIP() << "no captures under " << data();
  // What a label begins with, and the detector that has to find it.
  const std::map<std::string, std::string> kWanted = {
      {"mining: ", "mining-pool"}, {"bitcoin p2p", "coin-node"}, {"vpn: ", "vpn"}, {"tor", "tor"}, {"irc", "irc"}};
  int labelled = 0, benign = 0;
  for (const auto& [path, label] : all) {
    const std::set<std::string> found = found_in(path);
    std::set<std::string> wanted;
    for (const auto& [start, detector] : kWanted)
      if (label.starts_with(start)) wanted.insert(detector);
    EXPECT_EQ(found, wanted) << path << " (" << label << ")";
    labelled += wanted.empty() ? 0 : 1;
    benign += label.starts_with("benign") ? 1 : 0;
  }
  EXPECT_GE(labelled, 10);
  EXPECT_GE(benign, 20);
}

}  // namespace
}  // namespace rw

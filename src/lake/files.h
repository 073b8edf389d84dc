// Files and folders of a lake: durable renames, leases that die with their process, and the clearing of what the dead
// left.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace rw {

Result<void> make_folders(const std::string& path);  // with parents
Result<void> sync_file(const std::string& path);     // contents on disk when it returns
Result<void> sync_folder(const std::string& path);   // names in it on disk
Result<std::uint64_t> file_size(const std::string& path);
Result<void> rename_file(const std::string& from, const std::string& to);
// A live file that cannot be what the catalog says: kCorrupt, with what can be done about it.
Failure damaged_file(const std::string& path, std::string_view what);
bool changed_before(const std::string& path, Timestamp time);  // status change; false where there is no such file
void remove_file(const std::string& path);                     // best effort
void remove_tree(const std::string& path);                     // best effort
// Every file below `root`, relative to it. A missing root has none.
std::vector<std::string> list_files(const std::string& root);

// A folder of one's own under `parent`, locked while the object (and so the process) lives. Its name is unique for all
// time.
class Lease {
 public:
  static Result<std::unique_ptr<Lease>> take(const std::string& parent);
  ~Lease();  // removes the folder
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  const std::string& folder() const { return folder_; }
  const std::string& token() const { return token_; }

  // Removes the folders under `parent` whose owners are dead; `removed` is told each token first.
  static void clear_dead(const std::string& parent, const std::function<void(const std::string& token)>& removed);

 private:
  Lease() = default;
  std::string folder_;
  std::string token_;
  int lock_ = -1;
};

}  // namespace rw

#pragma once

#include <atomic>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <unistd.h>

namespace tenon_tests {

/// A new folder below the system's one for temporary files, removed with all it holds.
class scratch_folder {
 public:
  scratch_folder() : path_(made()) {}

  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;

  ~scratch_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }

  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

  /// Writes a file, and the folders that lead to it where they are missing; its path.
  std::string put(std::string_view name, std::string_view text) const {
    const std::string file = *this / name;
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    std::ofstream out(file, std::ios::binary);
    if (!out.write(text.data(), static_cast<std::streamsize>(text.size())).flush())
      throw std::runtime_error("cannot write " + file);
    return file;
  }

  /// What lies directly in the folder.
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator(path_))
      out.push_back(entry.path().filename().string());
    return out;
  }

 private:
  /// The process and a count make the name; one that another process left behind is passed over.
  static std::string made() {
    static std::atomic<unsigned> count = 0;
    const auto base = std::filesystem::temp_directory_path();
    const std::string stem = "tenon-test-" + std::to_string(::getpid()) + "-";
    std::filesystem::path path;
    do path = base / (stem + std::to_string(count++));
    while (!std::filesystem::create_directory(path));
    return path.string();
  }

  std::string path_;
};

}  // namespace tenon_tests

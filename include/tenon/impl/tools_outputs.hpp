#pragma once

#include "tenon/core/file.hpp"
#include "tenon/formats/npy.hpp"
#include "tenon/formats/npz.hpp"
#include "tenon/tools/folder.hpp"
#include "tenon/tools/model_outputs.hpp"

#include <cstdio>
#include <cstdlib>
#include <set>
#include <vector>

#include <unistd.h>

namespace tenon::inline v0::tools {

namespace outputs_detail {

inline result<std::string> bytes_of(const datum& value) {
  if (value.is_tensor()) return npy_bytes(value.as_tensor());
  std::vector<tensor> items;
  for (const datum& item : value.items()) {
    if (!item.is_tensor())
      return fail(code::unsupported, "a sequence of ", item.str(), " cannot be written as .npz");
    items.push_back(item.as_tensor());
  }
  return npz_sequence_bytes(items);
}

/// Files in a folder of their own, of which none appears before all are written; what was not committed is removed.
class staging {
 public:
  staging() = default;
  staging(const staging&) = delete;
  staging& operator=(const staging&) = delete;

  ~staging() {
    if (place_.empty()) return;
    for (const std::string& name : names_) ::unlink(cat(place_, "/", name).c_str());
    ::rmdir(place_.c_str());
  }

  status open(std::string_view folder) {
    folder_ = folder;
    std::string made = cat(folder, "/.outputs-XXXXXX");
    if (!::mkdtemp(made.data())) return broken("", "cannot be written");
    place_ = std::move(made);
    return {};
  }

  status add(const std::string& name, std::string_view content) {
    TENON_TRY(check_output_file(cat(folder_, "/", name)));
    names_.push_back(name);
    return write_file(cat(place_, "/", name), content);
  }

  status commit() {
    for (; !names_.empty(); names_.pop_back()) {
      const std::string& name = names_.back();
      if (std::rename(cat(place_, "/", name).c_str(), cat(folder_, "/", name).c_str()) != 0)
        return broken(name, "cannot be renamed into place");
    }
    return {};
  }

 private:
  error broken(std::string_view name, std::string_view what) const {
    return fail(code::io, "output folder ", quoted(folder_), ": ", name, name.empty() ? "" : " ",
                what, ": ", std::strerror(errno));
  }

  std::string folder_, place_;
  std::vector<std::string> names_;  ///< not yet in place
};

}  // namespace outputs_detail

TENON_INLINE status write_outputs(const model& m,
                                  const run_outputs& outputs,
                                  std::string_view folder) {
  TENON_TRY(make_folder(folder));
  outputs_detail::staging files;
  TENON_TRY(files.open(folder));
  std::set<std::string> taken;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const datum& value = outputs.value(i);
    if (!value) continue;
    const std::string where = cat("output ", quoted(m.output_name(i)));
    const std::string_view suffix = value.is_tensor() ? ".npy" : ".npz";
    const std::string stem = file_name_of(m.output_name(i));
    std::string name = cat(stem, suffix);
    for (int n = 2; !taken.insert(name).second; ++n) name = cat(stem, "_", n, suffix);
    auto content = outputs_detail::bytes_of(value);
    if (!content) return std::move(content).failure().in(where);
    auto written = files.add(name, *content);
    if (!written) return std::move(written).failure().in(where);
  }
  return files.commit();
}

}  // namespace tenon::inline v0::tools

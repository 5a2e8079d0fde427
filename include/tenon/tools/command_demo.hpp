#pragma once

#include "tenon/formats/onnx/export.hpp"
#include "tenon/tools/demo_resnet.hpp"
#include "tenon/tools/folder.hpp"

#include <string>

namespace tenon::inline v0::tools {

/// `tenon demo resnet50 OUT`: writes the demonstration network.
struct demo_command {
  resnet_options options;
  std::string output;

  /// What to print.
  result<std::string> operator()() const {
    TENON_TRY(check_output_file(output));
    TENON_TRY(const ir::graph g, make_resnet50(options));
    TENON_TRY(save_onnx(g, output));
    return cat("wrote ", output, "\n");
  }
};

}  // namespace tenon::inline v0::tools

// Parts of a widget's JSON that stand around the data: axes, legend, annotations. Internal to
// api/aws/monitoring.
#pragma once

#include <vector>

#include "api/widget_image/picture.h"
#include "wire/document/document.h"

namespace kansoku::api::aws::monitoring {

void read_axes(wire::Reader& widget, std::vector<wire::Problem>& problems,
               widget_image::Picture& out);
void read_legend(wire::Reader& widget, std::vector<wire::Problem>& problems,
                 widget_image::Picture& out);
void read_annotations(wire::Reader& widget, std::vector<wire::Problem>& problems,
                      widget_image::Picture& out);

}  // namespace kansoku::api::aws::monitoring

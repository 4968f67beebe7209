// The JSON of metric widgets: any bytes are read or refused, and what is read keeps its limits.
#include "api/aws/monitoring/widget.h"
#include "api/aws/monitoring/widget_data.h"

using namespace kansoku::api;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto widget = aws::monitoring::parse_widget(
      {reinterpret_cast<const char*>(data), size},
      {.now_ms = 1'795'348'800'000, .region = "eu-west-1", .account = "123456789012"});
  if (!widget) return 0;
  const widget_image::Picture& picture = widget->picture;
  bool good = picture.width >= 1 && picture.width <= widget_image::kSideMax &&
              picture.height >= 1 && picture.height <= widget_image::kSideMax &&
              picture.start_ms < picture.end_ms && !widget->rows.empty() &&
              widget->rows.size() <= aws::monitoring::kWidgetRowsMax;
  if (!good) __builtin_trap();
  (void)aws::monitoring::widget_request(*widget);
  aws::monitoring::WidgetData none;
  (void)none.picture(*widget);
  return 0;
}

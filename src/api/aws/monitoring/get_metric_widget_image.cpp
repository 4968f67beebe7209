// GetMetricWidgetImage: a graph as a PNG, in the answer's member or, for a browser, as the answer.
#include <fmt/core.h>

#include "api/aws/monitoring/handlers.h"
#include "api/aws/monitoring/monitoring_errors.h"
#include "api/aws/monitoring/widget_data.h"

namespace kansoku::api::aws::monitoring {
namespace {

using Input = shapes::GetMetricWidgetImageInput;
using Output = shapes::GetMetricWidgetImageOutput;

// One request: its data, then its picture.
class ImageMaker : public std::enable_shared_from_this<ImageMaker> {
 public:
  ImageMaker(std::shared_ptr<Shared> shared, std::shared_ptr<OperationContext> context,
             Widget widget, TypedReply<Output> reply)
      : shared_(std::move(shared)),
        context_(std::move(context)),
        widget_(std::move(widget)),
        reply_(std::move(reply)) {}

  void start(bool raw) {
    raw_ = raw;
    auto request = widget_request(widget_);
    if (!request) return reply_(std::unexpected(std::move(request).error()));
    if (request->metric_data_queries->empty()) return draw();
    run_metric_data(*shared_, context_, *request, kWidgetPointsMax,
                    [self = shared_from_this()](auto answer) { self->add(std::move(answer)); });
  }

 private:
  void add(std::expected<MetricDataAnswer, AwsError> answer) {
    if (!answer) return reply_(std::unexpected(std::move(answer).error()));
    // What searches find is not known before.
    if (answer->output.next_token) return reply_(std::unexpected(too_many_points()));
    data_.add(std::move(*answer));
    draw();
  }

  void draw() {
    bool queued = shared_->pictures.run([self = shared_from_this()] { self->draw_now(); });
    if (!queued) {
      reply_(std::unexpected(backend_error(
          fail(ErrorCode::ResourceExhausted, "too many pictures are being drawn").error())));
    }
  }

  void draw_now() {
    auto png = widget_image::draw_png(data_.picture(widget_));
    if (!png) return reply_(std::unexpected(backend_error(png.error())));
    Output output;
    if (raw_) {
      context_->raw_answer = {"image/png", std::move(*png)};
    } else {
      output.metric_widget_image = std::move(*png);
    }
    reply_(std::move(output));
  }

  std::shared_ptr<Shared> shared_;
  std::shared_ptr<OperationContext> context_;
  Widget widget_;
  TypedReply<Output> reply_;
  bool raw_ = false;
  WidgetData data_;
};

void handle(const std::shared_ptr<Shared>& shared, const std::shared_ptr<OperationContext>& context,
            const Input& input, TypedReply<Output> reply) {
  std::string format = input.output_format.value_or("png");
  if (format != "png" && format != "image/png") {
    return reply(std::unexpected(invalid_parameter_value(fmt::format(
        "The value {} for parameter OutputFormat is not supported; there are png and image/png.",
        quoted(format)))));
  }
  auto widget = parse_widget(
      *input.metric_widget,
      {.now_ms = context->now.ms(), .region = context->region, .account = context->account()});
  if (!widget) return reply(std::unexpected(std::move(widget).error()));
  std::make_shared<ImageMaker>(shared, context, std::move(*widget), std::move(reply))
      ->start(format == "image/png");
}

}  // namespace

OperationSpec get_metric_widget_image(std::shared_ptr<Shared> shared) {
  return {.name = "GetMetricWidgetImage",
          .action = "cloudwatch:GetMetricWidgetImage",
          .handler =
              typed_handler<Input, Output>([shared](std::shared_ptr<OperationContext> context,
                                                    const Input& input, TypedReply<Output> reply) {
                handle(shared, context, input, std::move(reply));
              })};
}

}  // namespace kansoku::api::aws::monitoring

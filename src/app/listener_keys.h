// Keys of the receivers that listen (syslog, forward, emf), and what --port says of them.
#pragma once

#include "app/options.h"

namespace kansoku::app {

// "syslog", "forward/edge" and the like.
bool is_listener(std::string_view name);
pipeline::ReceiverSpec read_listener(const wire::Node::Entry& entry, const std::string& file,
                                     std::vector<wire::Problem>& problems);
std::string listener_reference();

// Adds the listeners that `up` has without a configuration (`defaults`), and does what --port says:
// another port, a listener of its own, or none.
void apply_listener_ports(Configuration& configuration, bool defaults);

// Where it listens; null for receivers that do not.
const std::string* listener_address(const pipeline::ReceiverSpec& receiver);
// Beyond loopback senders must prove who they are.
Status check_listener(const pipeline::ReceiverSpec& receiver);

}  // namespace kansoku::app

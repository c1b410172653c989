/* Deliveries that are sent again by what they are, not by their id. */
#ifndef PORTER_PORTERCTL_REPLAY_H
#define PORTER_PORTERCTL_REPLAY_H

#include "porterctl/ctl.h"

/* deliveries retry without an id: those that the options say. */
MUST_USE bool replay_deliveries(struct ctl *ctl, struct err *err);

#endif

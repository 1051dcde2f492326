/* Our descriptors: their limit, and which of them children get. */
#ifndef PITCREW_PROCESS_DESCRIPTORS_H
#define PITCREW_PROCESS_DESCRIPTORS_H

enum { READY_FD_MIN = 3, READY_FD_MAX = 9 }; /* the numbers that a run may be given */

/* Raises the limit of this process to what it may have. */
void descriptors_init(void);
void descriptors_restore_limit(void); /* in a child between clone and exec */
void descriptors_close_on_exec(void); /* all that are open now */
/* Moves a descriptor to a number that no run is given. */
int fd_moved_up(int fd);
int null_descriptor(void);

/* A child's ends of its pipes and sockets. */
struct child_ends {
  int output, ready, control; /* -1 = none */
};
void child_ends_close(const struct child_ends *ends);
/* A child that shares our descriptor table needs its ends at low numbers: slots are reserved for
 * one child at a time. Returns the highest slot; -1: they are in use, so the child needs a table of
 * its own. */
int last_slot(void);
void child_ends_lend(struct child_ends *ends);
void child_ends_take_back(const struct child_ends *ends);

#endif

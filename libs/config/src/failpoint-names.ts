/**
 * Every failpoint by the service that has it: the places at which a fault test may end, freeze or fail a process.
 * `Failpoints` of libs/observability does there what is armed.
 */
export const failpointNames = {
  gateway: ['gateway.after_receive', 'gateway.after_produce'],
  router: ['router.after_receive', 'router.after_push'],
  session: [
    'log.before_insert',
    'log.after_insert',
    'log.after_publish',
    'log.before_offset_commit',
    'lifecycle.in_transition',
    'lifecycle.before_commit',
    'lifecycle.after_commit',
    'queue.in_drain',
  ],
} as const;

export type FailpointName = (typeof failpointNames)[keyof typeof failpointNames][number];

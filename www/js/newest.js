/** One job at a time; while it is under way, of all that are wanted only the newest waits. */

/**
 * @template Job
 * @param {(job: Job) => Promise<unknown>} work
 * @returns {(job: Job) => Promise<void>} Takes a job; resolves once it or a newer one is done and nothing waits.
 */
export function newest(work) {
  /** @type {{ job: Job } | undefined} */
  let next;
  /** @type {Promise<void> | undefined} */
  let running;

  async function run() {
    try {
      while (next) {
        const { job } = next;
        next = undefined;
        await work(job);
      }
    } finally {
      // After a failure what waits would fail as well.
      next = running = undefined;
    }
  }

  return (job) => {
    next = { job };
    running ??= run();
    return running;
  };
}

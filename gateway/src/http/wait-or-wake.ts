/** Waiting without polling, for streams of events. */

/** Resolves after `ms`, or as soon as the function given to `arm` is called. */
export function waitOrWake(ms: number, arm: (resolve: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    arm(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

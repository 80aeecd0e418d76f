/**
 * Room for the pixels of images that are looked at: a decoded frame takes up to 6 bytes a pixel until its
 * models have answered, and a few kilobytes of a coded one may hold a hundred million. So the header says how
 * many they are before anything is decoded, and of large images one waits for the other.
 */

/**
 * The largest detector has 17 million pixels, a digitised film 24; one image of this size takes 290 MB. No
 * more pixels are looked at at the same time.
 */
export const PIXELS_LIMIT = 48_000_000;

export type PixelRoom = {
  /** Waits until there is room; returns what gives it back. `pixels`: at most the limit of the room. */
  enter(pixels: number): Promise<() => void>;
};

/** In the order in which they came: a small image does not overtake a large one for ever. */
export function createPixelRoom(limit = PIXELS_LIMIT): PixelRoom {
  let taken = 0;
  const waiting: { readonly pixels: number; readonly begin: () => void }[] = [];
  const letIn = (): void => {
    for (let next = waiting[0]; next !== undefined && taken + next.pixels <= limit; next = waiting[0]) {
      waiting.shift();
      taken += next.pixels;
      next.begin();
    }
  };
  return {
    async enter(pixels) {
      await new Promise<void>((begin) => {
        waiting.push({ pixels, begin });
        letIn();
      });
      let hasLeft = false;
      return () => {
        if (hasLeft) return;
        hasLeft = true;
        taken -= pixels;
        letIn();
      };
    },
  };
}

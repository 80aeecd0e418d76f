/**
 * Limits of the reader. Each number states the need of real objects and the attack that it prevents; a
 * hostile file meets a limit long before it exhausts the memory of a tablet or the patience of a gateway.
 */

/**
 * Values up to this are kept with their element; longer ones stay in the file. 64 KiB holds every value of a
 * VR with a short length.
 */
export const KEPT_VALUE_BYTES = 65_536;

/**
 * Sequences inside sequences. Real reports reach 15; each level costs a frame on our own stack, none on the
 * engine's.
 */
export const NESTING_LIMIT = 64;

/**
 * Elements, items and fragments of one instance: an enhanced MR of 5 000 frames has 300 000; each costs about
 * 200 bytes of memory.
 */
export const ELEMENT_LIMIT = 500_000;

/** From here on the number of elements is worth a word: only enhanced multi-frame objects get there. */
export const MANY_ELEMENTS = 10_000;

/**
 * Header bytes brought into memory. The largest real header (per-frame groups of a long cine) is below 20
 * MiB; a tablet has this much.
 */
export const HEADER_BYTES_LIMIT = 64 * 1024 * 1024;

/**
 * If more than this is missing from a value, the length is wrong and the file is not just cut: only Pixel
 * Data is that long.
 */
export const PLAUSIBLE_VALUE_BYTES = 256 * 1024 * 1024;

/**
 * An inflated Data Set is held whole. Deflated instances are rare and small; more would press a gateway that
 * takes ten devices at once.
 */
export const INFLATED_BYTES_LIMIT = 128 * 1024 * 1024;

/**
 * Deflate reaches 1032:1 only on nothing; masks reach 100:1. Asked once there is enough output for it to
 * matter.
 */
export const INFLATION_RATIO_LIMIT = 250;
export const INFLATION_RATIO_FROM_BYTES = 16 * 1024 * 1024;

/**
 * First read of a file: the header of a CT slice fits. Each further read in a row is twice as long, up to the
 * largest.
 */
export const FIRST_READ_BYTES = 32 * 1024;
export const LARGEST_READ_BYTES = 1024 * 1024;
/** After a jump over a long value there is often another one: a little is enough to see. */
export const READ_AFTER_JUMP_BYTES = 4 * 1024;

/**
 * The front of a refused file, in which its UIDs are looked for: they stand in the first groups, and private elements
 * before them are short. More would only let a hostile file cost more.
 */
export const FRONT_BYTES = 64 * 1024;

/**
 * Zero bytes behind the end are read to be sure that they are. Blocks of media are up to 2 MiB; a sparse file
 * has no end.
 */
export const ZERO_PADDING_LIMIT = 16 * 1024 * 1024;

/**
 * Pixels of a frame: 16 384 × 8 192, four times the largest detector. Each takes 4 bytes of grey on a tablet,
 * however few it is stored in.
 */
export const FRAME_PIXELS_LIMIT = 16_384 * 8_192;
/** Frames that an image with too little pixel data may claim: a whole slide at full size has fewer tiles. */
export const FRAMES_LIMIT = 1_048_576;

/** Between large fragments only their 8-byte headers are wanted; small fragments are read through. */
export const FRAGMENT_HEADER_READ_BYTES = 512;
export const SMALL_FRAGMENT_BYTES = 16 * 1024;

/** Records in the index of a disc, or in all indexes of one choice: as many CT slices as fit on a Blu-ray disc. */
export const RECORD_LIMIT = 50_000;

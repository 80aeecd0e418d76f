/**
 * Limits of the reader. Each comment states what real objects need and which attack the limit prevents. A hostile file
 * reaches a limit long before it exhausts the memory of a tablet or the patience of a gateway.
 */

/**
 * Values up to this length are kept with their element; longer ones stay in the file. 64 KiB holds every value of a VR
 * with a short length.
 */
export const KEPT_VALUE_BYTES = 65_536;

/**
 * The deepest nesting of sequences. Real reports reach 15. Each level costs a frame on our own stack, but none on the
 * engine's.
 */
export const NESTING_LIMIT = 64;

/**
 * The most elements, items and fragments of one instance. An enhanced MR of 5 000 frames has 300 000; each costs about
 * 200 bytes of memory.
 */
export const ELEMENT_LIMIT = 500_000;

/** From this number of elements on there is a warning. Only enhanced multi-frame objects have so many. */
export const MANY_ELEMENTS = 10_000;

/**
 * The most header bytes read into memory. The largest real header (per-frame groups of a long cine) is below 20 MiB,
 * and a tablet has this much memory.
 */
export const HEADER_BYTES_LIMIT = 64 * 1024 * 1024;

/**
 * If more than this is missing from a value, its length is wrong and the file is not just truncated: only Pixel Data
 * is that long.
 */
export const PLAUSIBLE_VALUE_BYTES = 256 * 1024 * 1024;

/**
 * The largest inflated Data Set, which is held in memory. Deflated instances are rare and small, and larger ones would
 * strain a gateway that receives from ten devices at once.
 */
export const INFLATED_BYTES_LIMIT = 128 * 1024 * 1024;

/**
 * Deflate reaches 1032:1 only for constant data; masks reach 100:1. The ratio is checked once there is enough output
 * for it to matter.
 */
export const INFLATION_RATIO_LIMIT = 250;
export const INFLATION_RATIO_FROM_BYTES = 16 * 1024 * 1024;

/**
 * The size of the first read of a file, in which the header of a CT slice fits. Each consecutive read is twice as
 * long, up to the largest.
 */
export const FIRST_READ_BYTES = 32 * 1024;
export const LARGEST_READ_BYTES = 1024 * 1024;
/** After skipping a long value there is often another one, so only a little is read. */
export const READ_AFTER_JUMP_BYTES = 4 * 1024;

/**
 * The front of a refused file in which its UIDs are searched. They are in the first groups, and private elements
 * before them are short. Searching more would only let a hostile file cost more.
 */
export const FRONT_BYTES = 64 * 1024;

/**
 * The most zero bytes after the end, which are read to verify that they are zero. Blocks of media are up to 2 MiB, but
 * a sparse file could be endless.
 */
export const ZERO_PADDING_LIMIT = 16 * 1024 * 1024;

/**
 * The most pixels of a frame: 16 384 × 8 192, four times the largest detector. On a tablet each takes 4 bytes of grey,
 * however few bits it is stored in.
 */
export const FRAME_PIXELS_LIMIT = 16_384 * 8_192;
/** The most frames that an image with too little pixel data may claim. A whole slide at full size has fewer tiles. */
export const FRAMES_LIMIT = 1_048_576;

/** Between large fragments only their 8-byte headers are read; small fragments are read through. */
export const FRAGMENT_HEADER_READ_BYTES = 512;
export const SMALL_FRAGMENT_BYTES = 16 * 1024;

/**
 * The most records in the index of a disc, or in all indexes chosen together: as many CT slices as fit on a Blu-ray
 * disc.
 */
export const RECORD_LIMIT = 50_000;

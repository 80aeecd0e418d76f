/**
 * The worker's answer about one instance: numbers, codes and, where a film may have to be repeated, its picture. No
 * value of the header.
 */
import type { FilmMark } from '#shared/models/film.ts';
import type { DeviceTriage } from '#shared/protocol/inference.ts';
import type { Thumbnail } from '#shared/pixels/thumbnail.ts';
import type { DeviceModelId } from './device-models.ts';

export interface Examination {
  readonly triage: DeviceTriage;
  /** Null where there is nothing to point out. */
  readonly film: { readonly picture: Thumbnail; readonly marks: readonly FilmMark[] } | null;
  /**
   * `blank`: every point of the picture is equally bright. `not-judged`: not drawn here, or not recognized as a chest
   * film, and nothing can be said about another image.
   */
  readonly quality: 'checked' | 'not-judged' | 'blank';
  readonly readings: Readings;
}

/** The outputs of each model and their times, which tests and benches compare with expected values. */
interface Readings {
  /** In the order of the card; empty where the frame could not be drawn here. */
  readonly kind: readonly number[];
  /** Null where the gate or the population keeps the model silent. */
  readonly probabilities: readonly number[] | null;
  readonly camPeak: readonly [number, number] | null;
  /** The fraction of the image that the lungs fill. */
  readonly lungs: number | null;
  /**
   * Milliseconds: to read, decode and reduce the picture, and in each model that ran. The first run in a
   * worker holds its loading.
   */
  readonly ms: {
    readonly picture: number;
    readonly models: Readonly<Partial<Record<DeviceModelId, number>>>;
  };
}

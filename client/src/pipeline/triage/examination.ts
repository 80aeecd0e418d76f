/**
 * The worker's answer about one instance: numbers, codes and, if a film may have to be repeated, its picture. It
 * contains no value from the header.
 */
import type { FilmMark } from '#shared/models/film.ts';
import type { DeviceTriage } from '#shared/protocol/inference.ts';
import type { Thumbnail } from '#shared/pixels/thumbnail.ts';
import type { DeviceModelId } from './device-models.ts';

export interface Examination {
  readonly triage: DeviceTriage;
  /** Null if there is nothing to point out. */
  readonly film: { readonly picture: Thumbnail; readonly marks: readonly FilmMark[] } | null;
  /**
   * `blank`: every point of the picture is equally bright. `not-judged`: the picture could not be drawn here, or was
   * not recognized as a chest film, so nothing can be said about it.
   */
  readonly quality: 'checked' | 'not-judged' | 'blank';
  readonly readings: Readings;
}

/** The outputs and times of each model, which tests and benches compare with expected values. */
interface Readings {
  /** In the order of the model card; empty if the frame could not be drawn here. */
  readonly kind: readonly number[];
  /** Null if the gate or the population rules out the model. */
  readonly probabilities: readonly number[] | null;
  readonly camPeak: readonly [number, number] | null;
  /** The fraction of the image that the lungs fill. */
  readonly lungs: number | null;
  /**
   * Milliseconds: to read, decode and reduce the picture, and in each model that ran. The first run in a worker
   * includes the loading time.
   */
  readonly ms: {
    readonly picture: number;
    readonly models: Readonly<Partial<Record<DeviceModelId, number>>>;
  };
}

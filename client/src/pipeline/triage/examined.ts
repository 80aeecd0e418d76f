/**
 * What the worker says of one instance. Numbers, codes and, where a film may have to be repeated, its
 * picture: no value of the header.
 */
import type { FilmMark } from '#shared/models/film.ts';
import type { DeviceTriage } from '#shared/protocol/inference.ts';
import type { Thumbnail } from '#shared/pixels/thumbnail.ts';
import type { DeviceModelId } from './device-models.ts';

export interface Examined {
  readonly triage: DeviceTriage;
  /** Null where nothing is to be pointed out. */
  readonly film: { readonly picture: Thumbnail; readonly marks: readonly FilmMark[] } | null;
  readonly readings: Readings;
}

/**
 * What each model gave, and how long it took: for tests and benches, which compare them with what is
 * expected.
 */
export interface Readings {
  /** In the order of the card; empty where the frame could not be drawn here. */
  readonly kind: readonly number[];
  /** Null where the gate or the population keeps the model silent. */
  readonly probabilities: readonly number[] | null;
  readonly camPeak: readonly [number, number] | null;
  /** Of the image, by its lungs. */
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

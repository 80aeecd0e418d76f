/**
 * A segmentation over its source image. Each segment has its own colour and is listed with its name, code and size.
 * Segments can be shown or hidden, at the chosen opacity.
 */
import { useEffect, useState } from 'preact/hooks';
import type { Segment, Segmentation } from '#shared/pixels/segmentation.ts';
import { kitWords } from '../../kit/kit-words.ts';
import { Picture } from '../../pipeline/ingest/card/ThumbnailPicture.tsx';
import { storedWords } from '../parts/stored-words.ts';
import { HiddenPicture, useHiding } from '../../viewer/HiddenPicture.tsx';
import type { LookStore } from '../parts/look.store.ts';
import { resultWords } from '../parts/result-words.ts';
import type { ResultStore } from '../parts/result.store.ts';
import { Opacity } from '../result/ResultPicture.tsx';
import { useKeys } from '../result/use-keys.ts';

const said = storedWords.segments;

type SegmentationPictureProps = {
  readonly segmentation: Segmentation;
  readonly store: ResultStore;
  readonly look: LookStore;
};

export function SegmentationPicture({ segmentation, store, look }: SegmentationPictureProps) {
  const { rows, columns, segments } = segmentation;
  const [hidden, setHidden] = useState<ReadonlySet<number>>(new Set());
  useEffect(() => void store.want('image'), [store]);
  useKeys(look.singleKeys.value, { fainter: () => look.fade(-1), stronger: () => look.fade(1) });
  const image = store.pictures.value.get('image') ?? null;
  const about = store.named.value;
  const isHidden = useHiding(about) !== 'shown' && image !== null && image !== 'missing';
  const shown = segments.filter(({ number }) => !hidden.has(number));
  const toggle = (number: number) => setHidden(hidden.symmetricDifference(new Set([number])));
  return (
    <div class="result-picture">
      <div
        class="picture-box"
        {...(isHidden ? {} : { role: 'img', 'aria-label': said.picture(shown.map(({ label }) => label)) })}
        style={{ aspectRatio: `${columns} / ${rows}` }}
      >
        {isHidden && <HiddenPicture picture={about} />}
        {!isHidden && image !== null && image !== 'missing' && <img src={image} alt="" />}
        {!isHidden &&
          shown.map(({ number, picture }) => (
            <div key={number} class="picture-map" style={{ opacity: look.opacity.value / 100 }}>
              <Picture thumbnail={picture} />
            </div>
          ))}
      </div>
      {image === 'missing' && (
        <p class="row small" role="status">
          {said.imageMissing}
          <button type="button" class="button" onClick={() => void store.want('image')}>
            {resultWords.picturePart.again}
          </button>
        </p>
      )}
      <Opacity label={said.opacity} look={look} disabled={shown.length === 0} />
      <fieldset class="segments-list">
        <legend class="strong">{said.label}</legend>
        {segments.map((segment) => (
          <OneSegment
            key={segment.number}
            segment={segment}
            of={rows * columns}
            isShown={!hidden.has(segment.number)}
            onToggle={() => toggle(segment.number)}
          />
        ))}
      </fieldset>
      <p class="small quiet">{said.size(columns, rows)}</p>
    </div>
  );
}

type OneSegmentProps = {
  readonly segment: Segment;
  readonly of: number;
  readonly isShown: boolean;
  readonly onToggle: () => void;
};

function OneSegment({ segment, of, isShown, onToggle }: OneSegmentProps) {
  const { label, type, pixels, area, algorithm, algorithmType, colour } = segment;
  const sizes = [said.share(pixels, of), ...(area === null ? [] : [said.area(area)]), said.pixels(pixels)];
  return (
    <label class="choice">
      <input
        type="checkbox"
        class="tick"
        checked={isShown}
        aria-label={said.show(label)}
        onChange={onToggle}
      />
      <span class="legend-swatch" style={{ background: `rgb(${colour.join(' ')})` }} />
      <span>
        <bdi class="strong">{label}</bdi>{' '}
        {type && <span class="code quiet">{`${type.scheme} ${type.value}`}</span>}
        <span class="stored-under small numbers">{sizes.join(kitWords.separator)}</span>
        <span class="stored-under small quiet">
          {[algorithm, said.algorithms[algorithmType] ?? algorithmType].join(kitWords.separator)}
        </span>
      </span>
    </label>
  );
}

/**
 * The examined image, on black in both themes, overlaid at the chosen opacity with a map of where the model looked. A
 * legend below names the map and explains its colours.
 */
import { useEffect } from 'preact/hooks';
import type { Finding } from '#shared/protocol/inference.ts';
import { useLate } from '../../kit/use-late.ts';
import { HiddenPicture, useHiding } from '../../viewer/HiddenPicture.tsx';
import { mapsOf, shownMap, type LookStore, type MapChoice } from '../parts/look.store.ts';
import { Segments } from '../parts/Parts.tsx';
import { resultWords } from '../parts/result-words.ts';
import type { ResultStore } from '../parts/result.store.ts';
import { ZoomedPicture } from './ZoomedPicture.tsx';

const said = resultWords.picturePart;
/** A healthy PACS answers within two or three seconds. After ten seconds a person begins to wonder. */
export const SLOW_MS = 10_000;

type ResultPictureProps = {
  readonly store: ResultStore;
  readonly finding: Finding;
  readonly look: LookStore;
  /** The address of the picture itself, if its file was picked on this page. */
  readonly picked: string | undefined;
  /** Omits the choices of maps, which are elsewhere on the page. */
  readonly bare?: boolean;
};

export function ResultPicture({ store, finding, look, picked, bare = false }: ResultPictureProps) {
  const maps = mapsOf(finding.explanations);
  const map = shownMap(look.map.value, maps);
  useEffect(() => void (map !== 'none' && store.want(map)), [store, map]);
  useEffect(() => void (picked === undefined && store.want('image')), [store, picked]);
  return (
    <figure class="result-picture" aria-label={said.label}>
      <Stage store={store} finding={finding} map={map} opacity={look.opacity.value} picked={picked} />
      {maps.length > 1 && !bare && <MapChoices maps={maps} map={map} look={look} />}
      <Legend map={map} hasMaps={maps.length > 1} />
    </figure>
  );
}

type StageProps = Pick<ResultPictureProps, 'store' | 'finding' | 'picked'> & {
  readonly map: MapChoice;
  readonly opacity: number;
};

function Stage({ store, finding: { input }, map, opacity, picked }: StageProps) {
  const pictures = store.pictures.value;
  const fetched = pictures.get('image') ?? null;
  const image = fetched === 'missing' ? fetched : (picked ?? fetched);
  const over = map === 'none' ? undefined : (pictures.get(map) ?? null);
  const late = useLate(image === null || over === null);
  const slow = useLate(image === null, SLOW_MS);
  const name = map === 'none' ? said.image : said.imageWithMap(said.mapNames[map]);
  const named = store.named.value;
  // The header of a file picked here has not been read, so it may hold a name.
  const about = picked === undefined ? named : { ...named, mayHoldName: true, isOwn: true };
  const isHidden = useHiding(about) !== 'shown' && image !== null && image !== 'missing';
  const isMissing = image === 'missing' || over === 'missing';
  return (
    <ZoomedPicture
      key={input.digest}
      image={input}
      over={
        isMissing ? (
          <Missing
            what={image !== 'missing' ? 'map' : input.studyInstanceUID === undefined ? 'gone' : 'image'}
            onAgain={() => void store.want(image === 'missing' || map === 'none' ? 'image' : map)}
          />
        ) : (
          late && (
            <p class="picture-said small" role="status">
              {slow ? said.slow : said.loading}
            </p>
          )
        )
      }
    >
      {isHidden && <HiddenPicture picture={about} />}
      {!isHidden && image !== null && image !== 'missing' && (
        <img
          key={image}
          src={image}
          alt={name}
          draggable={false}
          onLoad={() => store.noteImage(true)}
          onError={() => store.noteImage(false)}
        />
      )}
      {!isHidden && typeof over === 'string' && over !== 'missing' && (
        <img
          class="picture-map"
          src={over}
          alt={image === 'missing' && map !== 'none' ? said.mapNames[map] : ''}
          draggable={false}
          style={{ opacity: opacity / 100 }}
        />
      )}
    </ZoomedPicture>
  );
}

/** `gone`: the image was sent as a file, and the gateway keeps no files. */
function Missing({
  what,
  onAgain,
}: {
  readonly what: 'image' | 'map' | 'gone';
  readonly onAgain: () => void;
}) {
  return (
    <div class="picture-said small" role="status" data-what={what}>
      <p>{said.missing[what]}</p>
      {what !== 'gone' && (
        <button type="button" class="button" onClick={onAgain}>
          {said.again}
        </button>
      )}
    </div>
  );
}

type MapChoicesProps = {
  readonly maps: readonly MapChoice[];
  readonly map: MapChoice;
  readonly look: LookStore;
};

export function MapChoices({ maps, map, look }: MapChoicesProps) {
  return (
    <div class="map-choices">
      <Segments
        label={said.map}
        options={maps}
        nameOf={(each) => said.maps[each]}
        chosen={map}
        onChoose={(each) => (look.map.value = each)}
      />
      <Opacity label={said.opacity} look={look} disabled={map === 'none'} />
    </div>
  );
}

export function Opacity({
  label,
  look,
  disabled,
}: {
  readonly label: string;
  readonly look: LookStore;
  readonly disabled: boolean;
}) {
  const value = `${look.opacity.value} %`;
  return (
    <label class="map-opacity">
      <span class="small quiet">{label}</span>
      <input
        type="range"
        min={0}
        max={100}
        step={10}
        disabled={disabled}
        value={look.opacity.value}
        aria-valuetext={value}
        onInput={(event) => (look.opacity.value = event.currentTarget.valueAsNumber)}
      />
      <output class="small numbers">{value}</output>
    </label>
  );
}

function Legend({ map, hasMaps }: { readonly map: MapChoice; readonly hasMaps: boolean }) {
  if (!hasMaps) return <p class="small quiet">{said.noMaps}</p>;
  return (
    <div class="legend small">
      <p>
        <span class="strong">{said.mapNames[map]}.</span> <span class="quiet">{said.mapWhat[map]}</span>
      </p>
      {map === 'cam' && <Scale kind="cam" from={said.legend.weak} to={said.legend.strong} />}
      {map === 'integrated-gradients' && (
        <Scale kind="gradients" from={said.legend.lowers} to={said.legend.raises} />
      )}
      {map === 'lung-fields' && (
        <p class="legend-lungs">
          <span class="legend-swatch" data-lung="right" /> {said.legend.right}
          <span class="legend-swatch" data-lung="left" /> {said.legend.left}
        </p>
      )}
    </div>
  );
}

function Scale({ kind, from, to }: { readonly kind: string; readonly from: string; readonly to: string }) {
  return (
    <p class="legend-scale">
      <span>{from}</span>
      <span class="legend-bar" data-kind={kind} />
      <span>{to}</span>
    </p>
  );
}

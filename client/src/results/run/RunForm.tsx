/**
 * The form for running a model: the study or file, the model and its version, and the parameters. Errors appear below
 * each field.
 */
import { useState } from 'preact/hooks';
import { useSession } from '../../net/net-context.ts';
import { useQueue } from '../../pipeline/queue/queue-context.ts';
import { Icon } from '../../kit/Icon.tsx';
import { images } from '../../kit/counted.ts';
import { typedSaid } from '../../kit/identities.ts';
import { kitWords } from '../../kit/kit-words.ts';
import { WhenKnown } from '../../kit/WhenKnown.tsx';
import { partsOf, remainsOf } from '../../pipeline/queue/study-title.ts';
import type { ModelVersion } from '../parts/answers.ts';
import { FindInPacs, useFindStore } from '../find/FindInPacs.tsx';
import { Select } from '../../kit/FilterBar.tsx';
import { Segments, useInputName } from '../parts/Parts.tsx';
import { resultWords } from '../parts/result-words.ts';
import { EXPLAINABLE, SOURCES, STEPS, thresholdOf } from './run-form.ts';
import type { RunStore } from './run.store.ts';

const said = resultWords.run;
type OfStore = { readonly store: RunStore };

export function RunForm({ store }: OfStore) {
  const { source } = store.form.value;
  // The key discards the search when the account changes, so that nobody sees what another person has found.
  const user = useSession().user.value?.id;
  return (
    <div class="run-form">
      <section class="run-part" aria-label={said.source}>
        <h2>{said.source}</h2>
        <Segments
          label={said.source}
          options={SOURCES}
          nameOf={(each) => said.sources[each]}
          chosen={source}
          onChoose={(each) => store.set({ source: each })}
        />
        {source === 'study' && <Studies key={user} store={store} />}
        {source === 'uid' && <ByUid store={store} />}
        {source === 'file' && <AFile store={store} />}
      </section>
      <section class="run-part" aria-label={said.model}>
        <Models store={store} />
        <Parameters store={store} />
      </section>
    </div>
  );
}

/** More rows would push the models below out of view. */
const AT_FIRST = 5;

function Studies({ store }: OfStore) {
  const find = useFindStore();
  const { study } = store.form.value;
  const hasOwn = store.studies.value.value?.length !== 0;
  const isListed =
    find.found.value?.studies.some(({ studyInstanceUID }) => studyInstanceUID === study) ?? false;
  return (
    <>
      <WhenKnown of={store.studies} loading={said.loadingStudies}>
        {(own, answer) =>
          own.length === 0 && (study === '' || isListed) && <p class="quiet">{said.noStudies(answer)}</p>
        }
      </WhenKnown>
      <OwnStudies store={store} isListed={isListed} />
      <FindInPacs
        store={find}
        isOpen={!hasOwn && store.ofCase.value === null}
        chosen={study}
        onChoose={(found) => store.set({ study: found })}
      />
    </>
  );
}

/** `isListed`: the chosen study is among those found. */
function OwnStudies({ store, isListed }: OfStore & { readonly isListed: boolean }) {
  const queued = useQueue().studies.value;
  const nameOfInput = useInputName();
  const [all, setAll] = useState(false);
  const { study } = store.form.value;
  const studies = store.studies.value.value ?? [];
  // The study was chosen elsewhere, and perhaps sent by another person.
  const extra =
    study !== '' && !isListed && !studies.some(({ studyInstanceUID }) => studyInstanceUID === study)
      ? [{ studyInstanceUID: study, counts: null }]
      : [];
  const known = [...extra, ...studies];
  const shown = all
    ? known
    : known.filter(({ studyInstanceUID }, at) => at < AT_FIRST || studyInstanceUID === study);
  if (known.length === 0) return null;
  return (
    <fieldset>
      <legend class="unseen">{said.studies}</legend>
      {shown.map(({ studyInstanceUID, counts }) => {
        const known = queued.find((each) => each.studyInstanceUID === studyInstanceUID);
        const kept = known?.title
          ? partsOf(known.title).slice(1)
          : known
            ? remainsOf(known, new Date()).slice(-1)
            : // Only the end of the UID tells two studies of other devices apart.
              [resultWords.studyUID(studyInstanceUID.slice(-8))];
        const ofCase = store.ofCase.value;
        const isOfCase = ofCase?.studyInstanceUID === studyInstanceUID;
        const more = [...kept, ...(counts ? [images(counts.inPacs)] : [])];
        return (
          <label key={studyInstanceUID} class="choice">
            <input
              type="radio"
              name="study"
              checked={study === studyInstanceUID}
              onChange={() => store.set({ study: studyInstanceUID })}
            />
            <span class="run-study">
              <bdi>
                {isOfCase ? said.ofCase(ofCase.caseNumber) : nameOfInput({ studyInstanceUID, kind: 'dicom' })}
              </bdi>
              <span class="small quiet">{more.join(kitWords.separator)}</span>
            </span>
          </label>
        );
      })}
      {shown.length < known.length && (
        <button type="button" class="button button-bare" onClick={() => setAll(true)}>
          {said.moreStudies(known.length - shown.length)}
        </button>
      )}
    </fieldset>
  );
}

function ByUid({ store }: OfStore) {
  return (
    <label class="field">
      <span class="small quiet">{said.uid}</span>
      <input
        type="text"
        inputMode="decimal"
        autocomplete="off"
        spellcheck={false}
        maxLength={64}
        value={store.form.value.uid}
        aria-invalid={store.invalid.value === 'uid'}
        onInput={(event) => store.set({ uid: event.currentTarget.value })}
      />
      <span class="small quiet">{said.uidWhat}</span>
    </label>
  );
}

const KINDS_OF_FILES = '.dcm,.dicom,.png,.jpg,.jpeg,image/png,image/jpeg,application/dicom';

function AFile({ store }: OfStore) {
  const { file } = store.form.value;
  return (
    <div class="run-file">
      <label class="button">
        <Icon name="files" size={20} />
        {said.choose}
        <input
          type="file"
          class="unseen"
          accept={KINDS_OF_FILES}
          onChange={(event) => store.set({ file: event.currentTarget.files?.[0] ?? null })}
        />
      </label>
      <p class="small quiet">{file ? said.chosen(typedSaid(file.name), file.size) : said.file}</p>
    </div>
  );
}

function versionsOf({ form, models }: RunStore): readonly ModelVersion[] {
  return models.value.value?.find(({ id }) => id === form.value.model)?.versions ?? [];
}

function Models({ store }: OfStore) {
  const { model, version } = store.form.value;
  const models = store.models.value.value ?? [];
  const versions = versionsOf(store);
  const active = models.find(({ id }) => id === model)?.active ?? null;
  const options = versions.map((each) => {
    const isUsable = each.state === 'active' || each.state === 'available';
    const name = isUsable
      ? each.version
      : said.stoppedVersion(each.version, resultWords.models.states[each.state].toLowerCase());
    return {
      value: each.version === active ? '' : each.version,
      name: each.version === active ? said.activeVersion(each.version) : name,
      disabled: !isUsable,
    };
  });
  return (
    <>
      <fieldset>
        <legend class="strong">{said.model}</legend>
        {models.map(({ id, title }) => (
          <label key={id} class="choice">
            <input
              type="radio"
              name="model"
              checked={id === model}
              onChange={() => store.set({ model: id, version: '', threshold: null })}
            />
            <span class="run-study">
              {title}
              <span class="small quiet">{id}</span>
            </span>
          </label>
        ))}
      </fieldset>
      {options.length > 0 && (
        <Select
          label={said.version}
          value={version}
          options={options}
          onChoose={(chosen) => store.set({ version: chosen, threshold: null })}
        />
      )}
    </>
  );
}

function Parameters({ store }: OfStore) {
  const { explain, steps, fresh, version } = store.form.value;
  const versions = versionsOf(store);
  const card = thresholdOf(
    versions.find((each) => (version === '' ? each.state === 'active' : each.version === version)),
  );
  return (
    <details class="disclosure hairline run-parameters">
      <summary>
        <span class="disclosure-mark">
          <Icon name="chevron" size={16} turns />
        </span>
        <span class="strong">{said.parameters}</span>
      </summary>
      {card !== null && <Threshold store={store} card={card} />}
      <fieldset>
        <legend class="small quiet">{said.explain}</legend>
        {EXPLAINABLE.map((method) => (
          <label key={method} class="choice">
            <input
              type="checkbox"
              class="tick"
              checked={explain.includes(method)}
              onChange={() =>
                store.set({
                  explain: explain.includes(method)
                    ? explain.filter((each) => each !== method)
                    : [...explain, method],
                })
              }
            />
            <span>{resultWords.picturePart.mapNames[method]}</span>
          </label>
        ))}
      </fieldset>
      {explain.includes('integrated-gradients') && (
        <label class="field run-steps">
          <span class="small quiet">{said.steps}</span>
          <input
            type="number"
            min={STEPS.least}
            max={STEPS.most}
            value={steps}
            aria-invalid={store.invalid.value === 'steps'}
            onInput={(event) => store.set({ steps: event.currentTarget.valueAsNumber })}
          />
          <span class="small quiet">{said.stepsWhat}</span>
        </label>
      )}
      <label class="choice">
        <input type="checkbox" class="tick" checked={fresh} onChange={() => store.set({ fresh: !fresh })} />
        <span>{said.fresh}</span>
      </label>
    </details>
  );
}

/** In whole per cent, which is precise enough. */
function Threshold({ store, card }: OfStore & { readonly card: number }) {
  const { threshold } = store.form.value;
  const value = resultWords.percent(threshold ?? card);
  return (
    <div class="run-threshold">
      <label class="map-opacity">
        <span class="small quiet">{said.threshold}</span>
        <input
          type="range"
          min={1}
          max={99}
          value={Math.round((threshold ?? card) * 100)}
          aria-valuetext={value}
          onInput={(event) => store.set({ threshold: event.currentTarget.valueAsNumber / 100 })}
        />
        <output class="small numbers">{value}</output>
      </label>
      <p class="small quiet row">
        {said.ofCard(card)}
        {threshold !== null && (
          <button type="button" class="button button-bare" onClick={() => store.set({ threshold: null })}>
            {said.resetThreshold}
          </button>
        )}
      </p>
    </div>
  );
}

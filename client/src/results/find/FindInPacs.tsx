/**
 * Searches the PACS for a study that somebody else may have sent. Names are held only by the store and erased when the
 * view closes. The fields give the browser nothing to remember.
 */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { READS_ALL } from '#shared/protocol/api.ts';
import { TroubleAlert } from '../../kit/TroubleAlert.tsx';
import { images } from '../../kit/counted.ts';
import { formatDicomDate } from '../../kit/format.ts';
import { HideNames } from '../../kit/HideNames.tsx';
import { Icon } from '../../kit/Icon.tsx';
import { identitySaid, namesHidden, nameSaid } from '../../kit/identities.ts';
import { kitWords } from '../../kit/kit-words.ts';
import { useApi, useSession } from '../../net/net-context.ts';
import { findWords as said } from './find-words.ts';
import { FIND_PERIODS, MODALITIES } from './find-query.ts';
import { createFindStore, type FindStore, type Found } from './find.store.ts';
import { Select } from '../../kit/FilterBar.tsx';
import type { FoundStudy } from './read-found.ts';
import { resultWords } from '../parts/result-words.ts';

/** The search of the signed-in person; erased when the view closes. */
export function useFindStore(): FindStore {
  const api = useApi();
  const session = useSession();
  const [store] = useState(() =>
    createFindStore({
      ...{ api, user: session.user.peek()?.id ?? '', now: () => new Date() },
      // The browser adds entries after the answer, so clearing them would miss the last one.
      noteNoAddresses: () => performance.setResourceTimingBufferSize(0),
    }),
  );
  useEffect(() => () => store.close(), [store]);
  return store;
}

type FindInPacsProps = {
  readonly store: FindStore;
  /** Whether the search starts open, because it is the only way to a study. */
  readonly isOpen: boolean;
  /** A Study Instance UID. */
  readonly chosen: string;
  readonly onChoose: (studyInstanceUID: string) => void;
};

export function FindInPacs({ store, isOpen, chosen, onChoose }: FindInPacsProps) {
  const readsAll = useSession().user.value?.roles.some((role) => READS_ALL.includes(role)) ?? false;
  const trouble = store.trouble.value;
  const found = store.found.value;
  const answer = useRef<HTMLParagraphElement>(null);
  // On a small screen the answer would appear below the bar at the bottom.
  const isAnswered = found !== null;
  useLayoutEffect(() => {
    if (isAnswered) answer.current?.scrollIntoView({ block: 'center' });
  }, [isAnswered]);
  return (
    <details
      class="disclosure hairline find"
      open={isOpen}
      onToggle={(event) => !event.currentTarget.open && store.close()}
    >
      <summary>
        <span class="disclosure-mark">
          <Icon name="chevron" size={16} turns />
        </span>
        <span class="strong">{said.title}</span>
      </summary>
      <div class="find-inside">
        <Fields store={store} />
        <p class="small quiet">{readsAll ? said.what : `${said.own} ${said.what}`}</p>
        <TroubleAlert trouble={trouble} />
        <p ref={answer} role="status" class={found?.studies.length === 0 ? 'strong' : 'small quiet'}>
          {found && countSaid(found)}
        </p>
        {found?.studies.length === 0 && <p class="quiet">{said.noneWhat}</p>}
        {found !== null && found.studies.length > 0 && <Rows {...{ found, chosen, onChoose }} />}
        {found?.hasMore && (
          <button
            type="button"
            class="button"
            aria-disabled={store.isAsking.value}
            onClick={() => void store.more()}
          >
            {store.isAsking.value ? said.finding : said.more}
          </button>
        )}
      </div>
    </details>
  );
}

function countSaid({ studies, hasMore, isFull, isCut }: Found): string {
  const count = studies.length;
  const first =
    count === 0 ? said.none : isFull ? said.full(count) : (hasMore ? said.some : said.count)(count);
  return isCut ? `${first} ${said.cut}` : first;
}

/** Keeps the browser from storing what was typed or sending it to a spelling service. */
const KEPT_NOWHERE = { autocomplete: 'off', spellcheck: false, dir: 'auto', maxLength: 64 } as const;

type TypedProps = {
  readonly title: string;
  readonly placeholder?: string;
  readonly value: string;
  readonly onType: (typed: string) => void;
};

function Typed({ title, placeholder, value, onType }: TypedProps) {
  return (
    <label class="field">
      <span class="small quiet">{title}</span>
      <input
        {...{ ...KEPT_NOWHERE, placeholder, value }}
        type="text"
        onInput={(event) => onType(event.currentTarget.value)}
      />
    </label>
  );
}

function Fields({ store }: { readonly store: FindStore }) {
  const { name, patientID, period, day, modality } = store.criteria.value;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void store.find();
  };
  return (
    <form class="find-fields" autocomplete="off" aria-label={said.title} onSubmit={submit}>
      {!namesHidden.value && (
        <>
          <Typed
            title={said.name}
            placeholder={said.nameHint}
            value={name}
            onType={(typed) => store.set({ name: typed })}
          />
          <Typed
            title={said.patientID}
            value={patientID}
            onType={(typed) => store.set({ patientID: typed })}
          />
        </>
      )}
      <Select
        label={said.period}
        value={period}
        options={FIND_PERIODS.map((each) => ({ value: each, name: said.periods[each] }))}
        onChoose={(each) => store.set({ period: FIND_PERIODS.find((known) => known === each) ?? 'any' })}
      />
      <Select
        label={said.modality}
        value={modality}
        options={[
          { value: '', name: said.anyModality },
          ...MODALITIES.map((each) => ({ value: each, name: said.modalities[each] })),
        ]}
        onChoose={(each) => store.set({ modality: each })}
      />
      {period === 'day' && (
        <label class="field">
          <span class="small quiet">{said.day}</span>
          <input
            type="date"
            required
            autocomplete="off"
            value={day}
            onInput={(event) => store.set({ day: event.currentTarget.value })}
          />
        </label>
      )}
      <button type="submit" class="button find-button">
        {store.isAsking.value ? said.finding : said.find}
      </button>
    </form>
  );
}

type RowsProps = Pick<FindInPacsProps, 'chosen' | 'onChoose'> & { readonly found: Found };

function Rows({ found, chosen, onChoose }: RowsProps) {
  return (
    <>
      <HideNames />
      <fieldset>
        <legend class="unseen">{said.found}</legend>
        {found.studies.map((study) => (
          <label key={study.studyInstanceUID} class="choice">
            <input
              type="radio"
              name="study"
              checked={chosen === study.studyInstanceUID}
              onChange={() => onChoose(study.studyInstanceUID)}
            />
            <Row study={study} />
          </label>
        ))}
      </fieldset>
    </>
  );
}

function Row({ study }: { readonly study: FoundStudy }) {
  const { studyInstanceUID, patientName, patientID, date, modalities, description, instances: count } = study;
  const name = nameSaid(patientName) ?? said.noName;
  const named = namesHidden.value ? [resultWords.studyUID(studyInstanceUID.slice(-8))] : [patientID];
  const facts = [formatDicomDate(date), modalities.join('/'), ...(count === null ? [] : [images(count)])];
  return (
    <span class="run-study">
      <bdi>{name}</bdi>
      <span class="small quiet">
        {[...named, ...facts].filter(Boolean).map((fact, at) => (
          <>
            {at > 0 && kitWords.separator}
            <bdi>{fact}</bdi>
          </>
        ))}
      </span>
      {identitySaid(description) !== '' && <bdi class="small quiet">{description}</bdi>}
    </span>
  );
}

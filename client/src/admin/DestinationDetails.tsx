/** The details of one destination: its state, what its test found, what waits for it, and what can be done. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Destination, DestinationExamination, DestinationWish } from '#shared/protocol/destination.ts';
import type { Need } from '#shared/protocol/forms.ts';
import { AskFirst } from '../kit/AskFirst.tsx';
import { kitWords } from '../kit/kit-words.ts';
import { Notice } from '../kit/Notice.tsx';
import { hrefOf } from '../kit/routes.ts';
import { Confirm } from '../kit/Sheet.tsx';
import { AuthorityAgain } from './AuthorityAgain.tsx';
import { DeadLetters, GivenUp } from './DeadLetters.tsx';
import { DestinationActions, Removing } from './DestinationActions.tsx';
import { destinationListWords } from './destination-list-words.ts';
import { destinationWords as words, waitsOf, type Warning } from './destination-words.ts';
import type { DestinationList, DestinationsStore, Tested } from './destinations.store.ts';
import { Examination } from './Examination.tsx';
import { PasswordAgain } from './PasswordAgain.tsx';
import { isUnusable, limitFound } from './request-limit.ts';
import { RulesFirst } from './RulesFirst.tsx';
import { SendSample } from './SendSample.tsx';
import { useOpened } from './use-opened.ts';

type OneProps = Pick<DestinationList, 'rules'> & {
  readonly destination: Destination;
  readonly tested: Tested | null;
  readonly store: DestinationsStore;
  /** False: the page chose it, because something stands beside the list. */
  readonly isOpened: boolean;
  /** This person has just saved the destination, so its heading gets the focus. */
  readonly wasSaved: boolean;
  readonly onChange: () => void;
};

/** Draw it with the destination’s id as its key. Long, because it lists the parts of the page in their order. */
export function DestinationDetails(props: OneProps) {
  const { destination, rules, tested, store, isOpened, wasSaved, onChange } = props;
  const heading = useOpened(isOpened);
  useEffect(() => {
    // Waits a frame, because the closing form returns the focus to its button first.
    if (wasSaved) requestAnimationFrame(() => heading.current?.focus());
  }, [wasSaved]);
  const { id, kind, name, url, isPrimary, fromEnvironment } = destination;
  const warning = warningOf(name, tested?.found ?? null);
  const save = async (wish: DestinationWish) => void (await store.save(id, wish, false));
  return (
    <article class="destination" aria-label={name}>
      <p class="details-back">
        <a class="button button-bare" href={hrefOf({ page: 'admin', at: 'destinations' })}>
          {destinationListWords.back}
        </a>
      </p>
      <div>
        <h2 ref={heading} tabIndex={-1}>
          {[name, ...(isPrimary ? [words.primary] : [])].join(kitWords.separator)}
        </h2>
        <p>
          {words.form.kindNames[kind]} <span class="code">{url}</span>
        </p>
        {fromEnvironment && <p class="small quiet">{words.fromEnvironment}</p>}
      </div>
      <p class="numbers">{studiesOf(destination)}</p>
      {isPrimary && destination.held > 0 && <HeldStudies />}
      <Refused destination={destination} />
      {isPrimary ? (
        <p class="small quiet">{words.primaryMeans}</p>
      ) : (
        <NeedField {...{ destination, rules, warning, store }} />
      )}
      <GivenUp destination={destination} store={store} />
      <DeadLetters destination={destination} store={store} />
      <Tuned destination={destination} store={store} />
      <Examination
        destination={destination}
        tested={tested}
        onTune={(tuning) => void store.tune(id, tuning)}
      />
      <AuthorityAgain
        destination={destination}
        tested={tested}
        secrets={store.secrets.of(destination)}
        onSave={save}
      />
      <PasswordAgain destination={destination} tested={tested} onSave={save} />
      <SendSample {...{ destination, rules, tested, store }} />
      <DestinationActions
        destination={destination}
        store={store}
        onChange={onChange}
        warning={warning}
        isTesting={tested?.running === 'all' || tested?.running === 'store'}
      />
      <div class="row destination-apart">
        <GivingUp destination={destination} store={store} />
        <Removing destination={destination} store={store} />
      </div>
    </article>
  );
}

/** The warning before studies are sent there; null: the test found nothing that prevents any from arriving. */
function warningOf(name: string, found: DestinationExamination | null): Warning | null {
  if (found === null) return null;
  if (isUnusable(found)) return words.askFailing(name);
  const limit = limitFound(found);
  return limit === null ? null : words.askLimited(name, limit);
}

type NeedProps = Pick<OneProps, 'destination' | 'rules' | 'store'> & { readonly warning: Warning | null };

/** The choice of which new studies go there. Asks first if studies would then have to wait for the destination. */
function NeedField({ destination, rules, warning, store }: NeedProps) {
  const { id, name, need } = destination;
  const asked = useSignal<Need | null>(null);
  const wanted = asked.value;
  const set = (to: Need | null) => void store.setNeed(id, to);
  return (
    <div class="stack-tight">
      <label class="field">
        <span>{words.need}</span>
        <select
          aria-label={words.of(words.need, name)}
          value={need ?? 'none'}
          onChange={({ currentTarget }) => {
            const { value } = currentTarget;
            const chosen = value === 'also' || value === 'required' ? value : null;
            if (chosen === null || warning === null) return set(chosen);
            currentTarget.value = need ?? 'none';
            asked.value = chosen;
          }}
        >
          {(['none', 'also', 'required'] as const).map((one) => (
            <option key={one} value={one}>
              {words.needs[one]}
            </option>
          ))}
        </select>
      </label>
      {wanted !== null && warning !== null && (
        <Confirm {...warning} onYes={() => set(wanted)} onClose={() => (asked.value = null)} />
      )}
      <RulesFirst {...{ destination, rules }} />
    </div>
  );
}

/**
 * Gives up the copies for a destination that is gone for good. Otherwise they would stay on the gateway's disk forever.
 */
function GivingUp({ destination, store }: Pick<OneProps, 'destination' | 'store'>) {
  const { id, name, copies } = destination;
  if (copies.also + copies.required === 0) return null;
  return (
    <>
      {copies.also > 0 && (
        <AskFirst
          label={words.giveUp}
          of={words.of(words.giveUp, name)}
          ask={words.askGiveUp(name, copies.also)}
          onYes={() => void store.giveUp(id, 'also')}
        />
      )}
      {copies.required > 0 && (
        <AskFirst
          label={words.giveUpRequired}
          of={words.of(words.giveUpRequired, name)}
          ask={words.askGiveUpRequired(name, copies.required)}
          onYes={() => void store.giveUp(id, 'required')}
        />
      )}
    </>
  );
}

function studiesOf(destination: Destination): string {
  const { underWay, waiting, held } = destination;
  return [
    underWay === 0 ? words.idle : words.underWay(underWay),
    ...(waiting > 0 ? [words.waiting(waitsOf(destination))] : []),
    ...(held > 0 ? [words.held(held)] : []),
  ].join(kitWords.separator);
}

/**
 * A link to the held studies of the primary PACS, of which the gateway keeps no copy once the PACS refused them. Dead
 * letters of other destinations are on this page.
 */
function HeldStudies() {
  return (
    <div class="stack-tight">
      <p class="small">{words.heldWhere}</p>
      <p>
        <a class="button" href={hrefOf({ page: 'studies' })}>
          {words.heldOpen}
        </a>
      </p>
    </div>
  );
}

function Refused({ destination: { refused, unlisted, limit } }: Pick<OneProps, 'destination'>) {
  const said = [
    refused && { ...words.refused(refused), kind: 'stop' as const },
    limit && { ...words.limit(limit), kind: 'wait' as const },
    unlisted && { ...words.unlisted(unlisted), kind: 'stop' as const },
  ];
  return said
    .filter((one) => one !== null)
    .map(({ kind, title, next }) => (
      <Notice key={title} kind={kind} title={title}>
        <p>{next}</p>
      </Notice>
    ));
}

/** The destination's own settings; all others are the gateway's. */
function Tuned({ destination: { id, name, tuning }, store }: Pick<OneProps, 'destination' | 'store'>) {
  const lines = words.tuned(tuning);
  if (lines.length === 0) return null;
  return (
    <div class="row">
      <p class="small quiet">{lines.join(kitWords.separator)}</p>
      <button
        type="button"
        class="button button-bare"
        aria-label={words.of(words.forgetSettings, name)}
        onClick={() => void store.tune(id, { lagMinutes: null, proof: null, batchBytes: null })}
      >
        {words.forgetSettings}
      </button>
    </div>
  );
}

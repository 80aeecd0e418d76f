/** Instances that a destination did not take: which, why and what to do; and studies that were given up there. */
import { useEffect, useState } from 'preact/hooks';
import type { DeadStudy, Destination } from '#shared/protocol/destination.ts';
import type { Need } from '#shared/protocol/forms.ts';
import { describePacsReason } from '#shared/protocol/pacs-reasons.ts';
import { AskFirst } from '../kit/AskFirst.tsx';
import { Icon } from '../kit/Icon.tsx';
import { sentencesOfReason } from '../kit/reason-sentences.ts';
import { deadLetterWords as words } from './dead-letter-words.ts';
import type { DestinationsStore } from './destinations.store.ts';
import { GiveUpSheet } from './GiveUpSheet.tsx';

type Props = { readonly destination: Destination; readonly store: DestinationsStore };

export function DeadLetters({ destination, store }: Props) {
  const { id, name, deadLetters } = destination;
  useEffect(() => {
    if (deadLetters > 0) void store.loadDeadLetters(id);
  }, [store, id, deadLetters]);
  if (deadLetters === 0) return null;
  const found = store.deadLetters.value.get(id);
  const needs = NEEDS.filter((need) => found?.studies.some((study) => study.need === need));
  return (
    <section class="stack" aria-label={words.label(name)}>
      <p class="row strong numbers">
        <Icon name="decide" size={20} />
        {words.title(deadLetters)}
      </p>
      {needs.map((need) => (
        <p key={need} class="small quiet">
          {words.what[need]}
        </p>
      ))}
      <Answers
        of={name}
        need={needs[0] ?? 'also'}
        labels={[words.tryAll, words.giveUpAll]}
        onAnswer={(decision) => void store.decide(id, decision)}
      />
      {found === undefined && <p class="small quiet">{words.loading}</p>}
      {found && (
        <ul class="plain">
          {found.studies.map((study) => (
            <li key={study.studyInstanceUID} class="hairline admin-row">
              <DeadStudyRow study={study} />
              <Answers
                of={study.studyInstanceUID}
                need={study.need}
                labels={[words.tryAgain, words.giveUp]}
                onAnswer={(decision) =>
                  void store.decide(id, { ...decision, studies: [study.studyInstanceUID] })
                }
              />
            </li>
          ))}
        </ul>
      )}
      {found && found.totalStudies > found.studies.length && (
        <p class="small quiet numbers">{words.more(found.studies.length, found.totalStudies)}</p>
      )}
    </section>
  );
}

/** Instances that somebody is waiting for come first. */
const NEEDS = ['required', 'also'] as const satisfies readonly Need[];

function DeadStudyRow({
  study: { studyInstanceUID, instances, since, reasons },
}: {
  readonly study: DeadStudy;
}) {
  return (
    <div class="admin-what">
      <p class="small">
        {words.study} <span class="code">{studyInstanceUID}</span>
      </p>
      <p class="small quiet numbers">{words.since(instances, since)}</p>
      {reasons.map(({ reason, pacsCode, instances: count }) => {
        const said = sentencesOfReason(reason ?? '');
        const code = pacsCode === null ? null : describePacsReason(pacsCode);
        return (
          <div key={`${reason} ${pacsCode}`} class="small">
            <p class="strong numbers">{words.because(count, said?.title ?? words.unknown)}</p>
            {code && <p>{words.code(code.code, code.says, code.remedy)}</p>}
            {said && <p>{said.next}</p>}
          </div>
        );
      })}
    </div>
  );
}

type AnswersProps = {
  readonly of: string;
  readonly need: Need;
  readonly labels: readonly [again: string, giveUp: string];
  readonly onAnswer: (decision: Parameters<DestinationsStore['decide']>[1]) => void;
};

function Answers({ of, need, labels: [again, giveUp], onAnswer }: AnswersProps) {
  const [isGivingUp, setGivingUp] = useState(false);
  return (
    <div class="row">
      <button
        type="button"
        class="button"
        aria-label={words.of(again, of)}
        onClick={() => onAnswer({ decision: 'retry' })}
      >
        {again}
      </button>
      <button
        type="button"
        class="button"
        aria-haspopup="dialog"
        aria-label={words.of(giveUp, of)}
        onClick={() => setGivingUp(true)}
      >
        {giveUp}
      </button>
      {isGivingUp && (
        <GiveUpSheet
          about={of}
          words={{ ...words.sheet, what: words.sheet.what[need] }}
          onClose={() => setGivingUp(false)}
          onGiven={(because) => onAnswer({ decision: 'leave-out', because })}
        />
      )}
    </div>
  );
}

/** Copies that were given up, with a button that sends them after all. */
export function GivenUp({ destination: { id, name, givenUp }, store }: Props) {
  if (givenUp === 0) return null;
  return (
    <div class="row">
      <p class="numbers">{words.givenUp(givenUp)}</p>
      <AskFirst
        label={words.resend}
        of={words.of(words.resend, name)}
        ask={words.askResend(name, givenUp)}
        onYes={() => void store.resend(id)}
      />
    </div>
  );
}

/** The steps that this device has not brought to the gateway: they wait for the link, or the gateway refused one. */
import { Icon } from '../kit/Icon.tsx';
import { CaseTroubleNotice } from '../cases/CaseParts.tsx';
import type { ReviewStore } from './review.store.ts';
import { reviewWords } from './review-words.ts';

const words = reviewWords.kept;

export function UnsentSteps({ store }: { readonly store: ReviewStore }) {
  // Marks are sent without a press: only those that did not arrive are worth a line.
  const unsent = store.unsent.value.filter(
    ({ given, trouble }) => given.step !== 'annotate' || trouble !== null || store.isCutOff.value,
  );
  const refused = unsent.find(({ trouble }) => trouble !== null);
  const isOvertaken = refused?.given.step === 'annotate' && refused.trouble?.code === 'review-changed';
  const isBusy = store.isBusy.value;
  const what = unsent.map(({ given }) => words.steps[given.step]).join(reviewWords.separator);
  return (
    <div role="status">
      {refused !== undefined && (
        <CaseTroubleNotice trouble={refused.trouble}>
          <p class="strong">
            {words.refused}: {what}
          </p>
          <p>{isOvertaken ? words.overtaken : words.refusedWhat}</p>
          <Typed store={store} />
          <p class="row">
            {isOvertaken && (
              <button
                type="button"
                class="button"
                disabled={isBusy}
                onClick={() => void store.keepOwnMarks()}
              >
                {words.keepMarks}
              </button>
            )}
            <button type="button" class="button" disabled={isBusy} onClick={() => void store.discard()}>
              {isOvertaken ? words.takeMarks : words.discard}
            </button>
          </p>
        </CaseTroubleNotice>
      )}
      {refused === undefined && unsent.length > 0 && !isBusy && (
        <div class="row review-waits">
          <Icon name="caution" size={20} />
          <p>
            <span class="strong">{words.waits}:</span> {what}. {words.waitsWhat}
          </p>
          <button type="button" class="button" onClick={() => void store.sendAgain()}>
            {words.sendNow}
          </button>
        </div>
      )}
    </div>
  );
}

/** So that nobody has to remember what they said, when they say it again. */
function Typed({ store }: { readonly store: ReviewStore }) {
  const said = store.unsent.value.findLast(({ given }) => given.step === 'decide')?.given;
  if (said?.step !== 'decide') return null;
  const { decision, answers, reason } = said.request;
  const properties = store.review.value?.definition.form.properties ?? {};
  return (
    <dl class="review-answers">
      <div>
        <dt class="small quiet">{reviewWords.form.decision}</dt>
        <dd>{[reviewWords.decisions[decision], reason].filter(Boolean).join(reviewWords.separator)}</dd>
      </div>
      {Object.entries(answers).map(([name, answer]) => (
        <div key={name}>
          <dt class="small quiet">{properties[name]?.title ?? name}</dt>
          <dd class="case-note-text">{answer}</dd>
        </div>
      ))}
    </dl>
  );
}

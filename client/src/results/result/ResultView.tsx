/**
 * One result: the image with its map on the left, the finding and its reasons on the right, and the
 * radiologist's verdict at the bottom. Everything also works by keyboard.
 */
import { useEffect, useState } from 'preact/hooks';
import { verifyRequestSchema, type Result } from '#shared/protocol/inference.ts';
import { TroubleAlert } from '../../kit/TroubleAlert.tsx';
import { formatMoment } from '../../kit/format.ts';
import { Icon } from '../../kit/Icon.tsx';
import { useLate } from '../../kit/use-late.ts';
import { useApi, useSession } from '../../net/net-context.ts';
import { realClock } from '../../net/clock.ts';
import { hrefOf } from '../../kit/routes.ts';
import { namesHidden } from '../../kit/identities.ts';
import { kitWords } from '../../kit/kit-words.ts';
import { OpenCase } from '../../cases/parts/OpenCase.tsx';
import { OpenInViewer } from '../../viewer/OpenInViewer.tsx';
import { Bars } from './Bars.tsx';
import { CorrectSheet } from './CorrectSheet.tsx';
import {
  aboutImage,
  comparable,
  correctionsOf,
  headlineOf,
  isSameImage,
  mayAgree,
  modelName,
  patientOf,
  reasonsOf,
  shortOf,
  titleOf,
} from '../parts/describe-result.ts';
import type { VerifyRequest } from '../parts/finding-kinds.ts';
import { HowItWasMade, Lungs, Remarks, ResultInstances, Sentences } from './FindingParts.tsx';
import { KeysSheet } from './KeysSheet.tsx';
import { mapsOf, type LookStore } from '../parts/look.store.ts';
import { NotForDiagnosis } from '../../kit/NotForDiagnosis.tsx';
import { Select } from '../../kit/FilterBar.tsx';
import { useInputName } from '../parts/Parts.tsx';
import type { KeptResults } from '../parts/kept-results.ts';
import type { PickedPictures } from '../parts/picked-pictures.ts';
import type { PreviewsStore } from '../parts/previews.store.ts';
import { resultWords } from '../parts/result-words.ts';
import { canDecide, createResultStore, type ResultStore, type ResultTools } from '../parts/result.store.ts';
import { ResultPicture } from './ResultPicture.tsx';
import type { ResultsStore } from '../parts/results.store.ts';
import { useKeys } from './use-keys.ts';
import { useOutbox } from '../../outbox/open-outbox.ts';
import type { CameFrom } from './came-from.ts';
import { areSettling, focusOpener, isLeft } from './presses.ts';
import { useWhenBack } from '../../pipeline/queue/use-when-back.ts';
import { useMayVerify, VerdictBar, Verdicts, Waiting } from './Verdict.tsx';

const said = resultWords.one;
const toResult = (id: string) => (location.hash = hrefOf({ page: 'results', at: 'results', id, beside: '' }));

export function useResult(
  id: string,
  onResult: (result: Result) => void,
  { kept, awaitsName = () => false }: Pick<ResultTools, 'kept'> & Partial<Pick<ResultTools, 'awaitsName'>>,
): ResultStore {
  const api = useApi();
  const outbox = useOutbox();
  const [store] = useState(() =>
    createResultStore({ api, id, onResult, awaitsName, outbox, clock: realClock, kept }),
  );
  useEffect(() => {
    void store.load();
    return store.close;
  }, [store]);
  return store;
}

type ResultViewProps = {
  readonly id: string;
  readonly list: ResultsStore;
  readonly look: LookStore;
  readonly picked: PickedPictures;
  readonly previews: PreviewsStore;
  readonly kept: KeptResults;
  readonly from: CameFrom;
};

export function ResultView({ id, list, look, picked, previews, kept, from }: ResultViewProps) {
  // A file has no patient in the PACS, and while names are hidden the page does not wait for any.
  const awaitsName = ({ finding }: Result) =>
    finding.input.studyInstanceUID !== undefined &&
    !namesHidden.value &&
    previews.arrival(id).value === 'awaited';
  const store = useResult(id, list.note, { kept, awaitsName });
  const shown = store.shown.value;
  const late = useLate(shown.kind === 'loading');
  useWhenBack(shown.kind === 'failed', () => void store.load());
  const isReady = shown.kind === 'ready';
  // The heading is drawn together with the finding.
  useEffect(
    () =>
      void (
        isReady &&
        document.activeElement === document.body &&
        document.querySelector<HTMLElement>('#content h1')?.focus()
      ),
    [isReady],
  );
  if (shown.kind === 'ready')
    return <OneResult {...{ store, list, look, picked, previews, from }} result={shown.result} />;
  return (
    <main id="content" class="page result" aria-busy={shown.kind === 'loading'}>
      <UnreadTools id={id} list={list} look={look} from={from} />
      <h1 tabIndex={-1}>{said.title}</h1>
      <Waiting verdict={store.verdict.value} told={shown.kind === 'failed' ? shown.trouble.title : null} />
      {shown.kind === 'failed' ? (
        <TroubleAlert trouble={shown.trouble} onAgain={() => void store.load()} />
      ) : (
        late && <p class="quiet">{said.loading}</p>
      )}
    </main>
  );
}

type OneResultProps = Omit<ResultViewProps, 'id' | 'kept'> & {
  readonly store: ResultStore;
  readonly result: Result;
};

function OneResult({ store, result, list, look, picked, previews, from }: OneResultProps) {
  const { finding } = result;
  const [open, setOpen] = useState<'keys' | null>(null);
  // The result as it was when the form opened; another tab may change it meanwhile.
  const [corrected, setCorrected] = useState<Result | null>(null);
  // The change applies to this revision only, so that nobody changes another reader's verdict that has just arrived.
  const [changed, setChanged] = useState<number | null>(null);
  const changing = changed === result.revision;
  const setChanging = (changes: boolean) => setChanged(changes ? result.revision : null);
  const decide = (request: VerifyRequest) => {
    if (isLeft(result.id)) return;
    setChanging(false);
    void store.decide(request);
  };
  const isOwn = result.verification?.by === useSession().user.value?.id;
  const verdict = store.verdict.value;
  useEffect(() => void list.ahead(result.id), [list.results.value, result.id]);
  const onOpen = (sheet: 'keys' | 'correct') => {
    if (isLeft(result.id)) return;
    focusOpener(sheet);
    if (sheet === 'keys') setOpen(sheet);
    else setCorrected(result);
  };
  useResultKeys({ store, result, list, look, changing, onChanging: setChanging, onDecide: decide, onOpen });
  return (
    <>
      <main id="content" class="page result">
        <Tools id={result.id} list={list} from={from} onKeys={() => onOpen('keys')} />
        <div class="result-body">
          <ResultHead result={result} picked={picked} previews={previews} />
          <ResultPicture store={store} finding={finding} look={look} picked={picked.of(result.id)} />
          <ResultText result={result} list={list} />
        </div>
      </main>
      {useMayVerify() && (
        <VerdictBar
          store={store}
          result={result}
          changing={changing}
          onChanging={setChanging}
          onDecide={decide}
          onCorrect={() => onOpen('correct')}
        />
      )}
      {open === 'keys' && <KeysSheet look={look} onClose={() => setOpen(null)} />}
      {corrected && (
        <CorrectSheet
          of={corrected}
          before={verdict.kind === 'unsent' ? verdict.unsent.said.request : isOwn ? beforeOf(result) : null}
          onCorrect={(request) => {
            setChanging(false);
            void store.submit(request, corrected);
          }}
          onClose={() => setCorrected(null)}
        />
      )}
    </>
  );
}

/**
 * The person's own correction that is being changed, so that it need not be typed again. Another person's words are
 * never taken over.
 */
function beforeOf({ verification }: Result): VerifyRequest | null {
  const said = verifyRequestSchema.safeParse({
    verdict: verification?.verdict,
    finding: verification?.finding ?? undefined,
    reason: verification?.reason ?? undefined,
  });
  return said.success ? said.data : null;
}

type ResultKeysProps = Omit<OneResultProps, 'picked' | 'previews' | 'from'> & {
  readonly changing: boolean;
  readonly onChanging: (changing: boolean) => void;
  readonly onDecide: (request: VerifyRequest) => void;
  readonly onOpen: (sheet: 'keys' | 'correct') => void;
};

/** The single keys of this page (keys.ts). */
function useResultKeys(props: ResultKeysProps): void {
  const { store, result, list, look, changing, onChanging, onDecide, onOpen } = props;
  const { kind } = store.verdict.value;
  const may = useMayVerify();
  const isAsked =
    may &&
    canDecide(result, store.verdict.value, {
      changing,
      image: store.image.value,
      isNameAwaited: store.isNameAwaited.value,
    });
  const maps = mapsOf(result.finding.explanations);
  useKeys(look.singleKeys.value, {
    map: () => look.cycle(maps),
    fainter: () => look.fade(-1),
    stronger: () => look.fade(1),
    keys: () => onOpen('keys'),
    ...(may &&
      (kind === 'unsent' || (kind === 'none' && result.verification)) && { change: () => onChanging(true) }),
    ...(isAsked &&
      mayAgree(result) && {
        agree() {
          if (!areSettling()) onDecide({ verdict: 'agree' });
        },
      }),
    ...(isAsked && correctionsOf(result).length > 0 && { correct: () => onOpen('correct') }),
    ...stepsOf(list, result.id),
  });
}

/** The keys to the results before and after this one. */
function stepsOf(list: ResultsStore, id: string) {
  const newer = list.neighbour(id, -1);
  const older = list.neighbour(id, 1);
  return {
    ...(older && { next: () => toResult(older.id) }),
    ...(newer && { previous: () => toResult(newer.id) }),
  };
}

type ToolsProps = {
  readonly id: string;
  readonly list: ResultsStore;
  readonly from: CameFrom;
  readonly onKeys: () => void;
};

/**
 * The tools of a result that could not be read. Without a link the person can still go back to a result that is
 * available.
 */
function UnreadTools({ id, list, look, from }: Omit<ToolsProps, 'onKeys'> & { readonly look: LookStore }) {
  const [areKeysOpen, setKeysOpen] = useState(false);
  const onKeys = () => {
    focusOpener('keys');
    setKeysOpen(true);
  };
  useKeys(look.singleKeys.value, { keys: onKeys, ...stepsOf(list, id) });
  return (
    <>
      <Tools id={id} list={list} from={from} onKeys={onKeys} />
      {areKeysOpen && <KeysSheet look={look} onClose={() => setKeysOpen(false)} />}
    </>
  );
}

/** Links back to the list and to its neighbours, and to the list of keys. */
function Tools({ id, list, from, onKeys }: ToolsProps) {
  return (
    <div class="result-tools">
      <Back from={from} />
      <div class="row">
        <Step to={list.neighbour(id, -1)} label={said.previous} sign="up" />
        <Step to={list.neighbour(id, 1)} label={said.next} sign="down" />
        <button
          type="button"
          class="button button-bare"
          aria-haspopup="dialog"
          data-opens="keys"
          onClick={onKeys}
        >
          {said.keys}
        </button>
      </div>
    </div>
  );
}

/**
 * The answer in one line, the image, the model and the time, and what limits the answer, so that nobody agrees before
 * reading it.
 */
type ResultHeadProps = Pick<ResultViewProps, 'picked' | 'previews'> & { readonly result: Result };

function ResultHead({ result, picked, previews }: ResultHeadProps) {
  const { id, finding, createdAt } = result;
  const nameOfInput = useInputName();
  const preview = previews.of(id).value;
  const isInPacs = finding.input.studyInstanceUID !== undefined;
  useEffect(() => void (isInPacs && previews.want(id)), [id, isInPacs]);
  const isMissing = isInPacs && previews.arrival(id).value === 'failed' && !namesHidden.value;
  useWhenBack(isMissing, () => previews.want(id));
  return (
    <div class="result-head">
      <h1 tabIndex={-1}>{titleOf(headlineOf(finding))}</h1>
      <p class="kept">
        <bdi>{picked.nameOf(id) ?? patientOf(preview) ?? nameOfInput(finding.input)}</bdi>
      </p>
      {isMissing && <p class="small quiet">{said.nameMissing}</p>}
      <p class="quiet">
        {[
          ...aboutImage(finding, preview),
          modelName(finding.model),
          formatMoment(new Date(createdAt), new Date()),
        ].join(kitWords.separator)}
      </p>
      <NotForDiagnosis />
      <div class="result-remarks">
        <Remarks result={result} />
      </div>
    </div>
  );
}

/** The sentences beside the picture, in order of importance. */
function ResultText({ result, list }: { readonly result: Result; readonly list: ResultsStore }) {
  const { finding } = result;
  return (
    <div class="result-said">
      {finding.input.studyInstanceUID && (
        <div class="row">
          <OpenInViewer studyInstanceUID={finding.input.studyInstanceUID} />
          <OpenCase studyInstanceUID={finding.input.studyInstanceUID} />
        </div>
      )}
      <Verdicts result={result} />
      <Bars finding={finding} />
      <Sentences title={resultWords.rationale} lines={reasonsOf(finding)} />
      <Lungs lungs={finding.lungs} />
      <Sentences title={resultWords.limits} lines={finding.limits} />
      <ResultInstances result={result} />
      <Compare result={result} list={list} />
      <HowItWasMade result={result} />
    </div>
  );
}

export function Back({ from = null }: { readonly from?: CameFrom }) {
  return (
    <p class="study-back result-back">
      <a class="button button-bare" href={from?.href ?? hrefOf(LIST)}>
        <span class="flipped">
          <Icon name="chevron" size={16} turns />
        </span>
        {from?.said ?? said.back}
      </a>
    </p>
  );
}

const LIST = { page: 'results', at: 'results', id: '', beside: '' } as const;

/** Links to the next result of the list. Without a next one, the button stays in place. */
function Step({
  to,
  label,
  sign,
}: {
  readonly to: Result | null;
  readonly label: string;
  readonly sign: 'up' | 'down';
}) {
  return (
    <button
      type="button"
      class="button button-bare"
      disabled={to === null}
      aria-label={label}
      title={label}
      onClick={() => to && toResult(to.id)}
    >
      <Icon name={sign} size={20} />
    </button>
  );
}

/** Opens another result of the same image or study next to this one. */
function Compare({ result, list }: { readonly result: Result; readonly list: ResultsStore }) {
  const others = comparable(result, list.results.value);
  if (others.length === 0) return null;
  const options = others.map(({ id, finding, createdAt }) => ({
    value: id,
    name: [
      modelName(finding.model),
      ...(isSameImage(finding, result.finding) ? [] : [said.otherImage]),
      shortOf(headlineOf(finding)),
      formatMoment(new Date(createdAt), new Date()),
    ].join(kitWords.separator),
  }));
  return (
    <Select
      label={said.compare}
      value=""
      options={[{ value: '', name: said.compareNone }, ...options]}
      onChoose={(beside) => {
        if (beside) location.hash = hrefOf({ page: 'results', at: 'results', id: result.id, beside });
      }}
    />
  );
}

/** The columns of the list of results. */
import { useEffect, useRef } from 'preact/hooks';
import type { Result } from '#shared/protocol/inference.ts';
import { formatMoment } from '../../kit/format.ts';
import { Icon } from '../../kit/Icon.tsx';
import { kitWords } from '../../kit/kit-words.ts';
import { ListMark, type Mark } from '../../kit/ListMark.tsx';
import type { Column } from '../../kit/ListTable.tsx';
import { useHiding } from '../../viewer/HiddenPicture.tsx';
import {
  headlineOf,
  imageSaid,
  judgedWords,
  modelName,
  patientOf,
  shortOf,
  SIGNS,
  studyDateOf,
  type Headline,
} from '../parts/describe-result.ts';
import { useInputName, useMayOpen } from '../parts/Parts.tsx';
import type { PickedPictures } from '../parts/picked-pictures.ts';
import type { PreviewsStore } from '../parts/previews.store.ts';
import { resultWords } from '../parts/result-words.ts';
import { listWords } from './list-words.ts';

const words = listWords.columns;

type Shown = { readonly previews: PreviewsStore; readonly picked: PickedPictures };

export const resultName = (shown: Shown) => ({
  label: words.subject,
  track: 'minmax(24%, 1fr)',
  cell: (result: Result) => <Subject result={result} {...shown} />,
});

/** The image, and the patient or pseudonym. Until they are known: the kind of input. */
function Subject({ result, previews, picked }: Shown & { readonly result: Result }) {
  const { id, finding } = result;
  const name = useRef<HTMLElement>(null);
  const { studyInstanceUID } = finding.input;
  const mayOpen = useMayOpen();
  const nameOfInput = useInputName();
  const hasPreview = mayOpen && studyInstanceUID !== undefined;
  useEffect(() => {
    if (!hasPreview) return;
    const observer = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) previews.want(id);
    });
    observer.observe(name.current!);
    return () => observer.disconnect();
  }, [id, hasPreview]);
  const known = picked.nameOf(id) ?? patientOf(previews.of(id).value);
  return (
    <>
      {mayOpen && <Thumbnail {...{ result, previews, picked }} />}
      <bdi ref={name}>{known ?? nameOfInput(finding.input)}</bdi>
      {/* While the patients are not known, only the end of the UID tells two studies apart. */}
      {known === null && studyInstanceUID !== undefined && (
        <span class="small quiet">{resultWords.studyUID(studyInstanceUID.slice(-8))}</span>
      )}
    </>
  );
}

/** Decorative: the row says what was found. */
function Thumbnail({ result: { id, finding }, previews, picked }: Shown & { readonly result: Result }) {
  const preview = previews.of(id).value;
  const own = picked.of(id);
  const address = own ?? preview?.picture ?? null;
  const of = finding.input.sopInstanceUID ?? id;
  const mayHoldName = own !== undefined || preview?.mayHoldName !== false;
  const isHidden = useHiding({ of, mayHoldName, isOwn: own !== undefined }) !== 'shown';
  return (
    <span class="result-thumbnail">
      {isHidden || address === null ? <Icon name="files" size={16} /> : <img src={address} alt="" />}
    </span>
  );
}

const TONES: Partial<Record<Headline['kind'], Mark['tone']>> = { above: 'accent', silent: 'wait' };

export const resultColumns = (previews: PreviewsStore): readonly Column<Result>[] => [
  {
    id: 'finding',
    label: words.finding,
    track: 'minmax(11.5rem, max-content)',
    isState: true,
    cell: ({ finding }) => {
      const headline = headlineOf(finding);
      return <ListMark icon={SIGNS[headline.kind]} tone={TONES[headline.kind]} said={shortOf(headline)} />;
    },
  },
  {
    id: 'verdict',
    label: listWords.verdict,
    track: 'fit-content(15%)',
    cell: (result) => {
      const said = judgedWords(result);
      return said.length > 0 && <ListMark icon="person" said={said.join(kitWords.separator)} />;
    },
  },
  {
    id: 'image',
    label: words.image,
    track: '9%',
    cell: ({ id, finding }) => imageSaid(finding, previews.of(id).value).join(kitWords.separator),
  },
  {
    id: 'studied',
    label: words.studied,
    track: '7.25rem',
    isLabelled: true,
    cell: ({ id }) => studyDateOf(previews.of(id).value),
  },
  { id: 'model', label: resultWords.list.model, cell: ({ finding }) => modelName(finding.model) },
  {
    id: 'created',
    label: words.created,
    isLabelled: true,
    cell: ({ createdAt }) => formatMoment(new Date(createdAt), new Date()),
  },
];

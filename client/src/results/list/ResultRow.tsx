/**
 * The row of a result in the list: the image, the finding in words, the patient or pseudonym, the kind of image, and
 * the verdict.
 */
import type { ComponentChildren, RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Result } from '#shared/protocol/inference.ts';
import { formatMoment } from '../../kit/format.ts';
import { Icon, type IconName } from '../../kit/Icon.tsx';
import { kitWords } from '../../kit/kit-words.ts';
import { hrefOf } from '../../kit/routes.ts';
import { useHiding } from '../../viewer/HiddenPicture.tsx';
import {
  aboutImage,
  headlineOf,
  modelName,
  judgedWords,
  patientOf,
  shortOf,
  type Headline,
} from '../parts/describe-result.ts';
import { useInputName, useMayOpen } from '../parts/Parts.tsx';
import type { PickedPictures } from '../parts/picked-pictures.ts';
import type { PreviewsStore } from '../parts/previews.store.ts';
import { resultWords } from '../parts/result-words.ts';

export const SIGNS: Record<Headline['kind'], IconName> = {
  above: 'up',
  below: 'down',
  segmented: 'pacs',
  kind: 'note',
  silent: 'caution',
};

type ResultRowProps = {
  readonly result: Result;
  readonly previews: PreviewsStore;
  readonly picked: PickedPictures;
};

export function ResultRow({ result, previews, picked }: ResultRowProps) {
  const { id, finding } = result;
  const row = useRef<HTMLAnchorElement>(null);
  const preview = previews.of(id).value;
  const { studyInstanceUID } = finding.input;
  const mayOpen = useMayOpen();
  const hasPreview = mayOpen && studyInstanceUID !== undefined;
  useEffect(() => {
    if (!hasPreview) return;
    const observer = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) previews.want(id);
    });
    observer.observe(row.current!);
    return () => observer.disconnect();
  }, [id, hasPreview]);
  const own = picked.of(id);
  const address = own ?? preview?.picture ?? null;
  const of = finding.input.sopInstanceUID ?? id;
  const mayHoldName = own !== undefined || preview?.mayHoldName !== false;
  const isHidden = useHiding({ of, mayHoldName, isOwn: own !== undefined }) !== 'shown';
  const nameOfInput = useInputName();
  const headline = headlineOf(finding);
  const said = judgedWords(result);
  const named = picked.nameOf(id) ?? patientOf(preview);
  const about = [
    // While the patients are not known, only the end of the UID tells two studies apart.
    ...(named !== null || studyInstanceUID === undefined
      ? []
      : [resultWords.studyUID(studyInstanceUID.slice(-8))]),
    ...aboutImage(finding, preview),
    modelName(finding.model),
    formatMoment(new Date(result.createdAt), new Date()),
  ];
  return (
    <Line id={id} kind={headline.kind} row={row}>
      {mayOpen && (
        <span class="result-row-image">
          <Image address={isHidden ? null : address} />
        </span>
      )}
      <Icon name={SIGNS[headline.kind]} size={20} />
      <span class="result-row-body">
        <span class="strong">{shortOf(headline)}</span>
        <span class="small kept">
          <bdi>{named ?? nameOfInput(finding.input)}</bdi>
        </span>
        <span class="small quiet">{about.join(kitWords.separator)}</span>
      </span>
      {said.length > 0 && (
        <span class="small result-row-verdict">
          <Icon name="person" size={16} />
          {said.join(kitWords.separator)}
        </span>
      )}
    </Line>
  );
}

type LineProps = {
  readonly id: string;
  readonly kind: Headline['kind'];
  readonly row: RefObject<HTMLAnchorElement | null>;
  readonly children: ComponentChildren;
};

/** A link for readers who may open the result; otherwise plain text. */
function Line({ id, kind, row, children }: LineProps) {
  if (!useMayOpen())
    return (
      <div class="result-row" data-kind={kind}>
        {children}
      </div>
    );
  const href = hrefOf({ page: 'results', at: 'results', id, beside: '' });
  return (
    <a ref={row} class="result-row" href={href} data-kind={kind}>
      {children}
      <Icon name="chevron" size={16} turns />
    </a>
  );
}

/** Decorative: the text beside it says what was found. */
function Image({ address }: { readonly address: string | null }) {
  return address === null ? <Icon name="files" size={20} /> : <img src={address} alt="" />;
}

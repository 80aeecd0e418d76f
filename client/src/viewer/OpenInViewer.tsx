/**
 * *Open in viewer*, where the site has one: asks the gateway where its viewers show a study, and opens the viewer if
 * there is only one. A viewer shows the patient's identity, so while names are hidden on this device, the person is
 * asked first. If there is no viewer, only an administrator is told so, with a link to set one.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ViewerLink } from '#shared/protocol/viewer.ts';
import { namesHidden } from '../kit/identities.ts';
import { hrefOf } from '../kit/routes.ts';
import { Notice } from '../kit/Notice.tsx';
import { Confirm } from '../kit/Sheet.tsx';
import { maySend } from '../net/may-send.ts';
import { useApi, useSession } from '../net/net-context.ts';
import { renewPage } from '../net/renew-page.ts';
import { askForViewers, hasViewers, type Answer } from './ask-for-viewers.ts';
import { viewerWords as words } from './viewer-words.ts';

type OpenInViewerProps = {
  readonly studyInstanceUID: string;
  /** There is another such button before this one on the page: only the first says that no viewer is set. */
  readonly isAnother?: boolean;
};

export function OpenInViewer({ studyInstanceUID, isAnother = false }: OpenInViewerProps) {
  const api = useApi();
  const user = useSession().user.value;
  // An auditor may read about studies, but not open them.
  const mayOpen = user !== null && maySend(user);
  const [has, setHas] = useState<boolean | null>(null);
  useEffect(() => {
    const gone = new AbortController();
    setHas(null);
    if (mayOpen)
      void hasViewers(api, studyInstanceUID, gone.signal).then((said) => gone.signal.aborted || setHas(said));
    return () => gone.abort();
  }, [api, studyInstanceUID, mayOpen]);
  if (has === null || user === null) return null;
  if (has) return <OfferViewer studyInstanceUID={studyInstanceUID} />;
  if (isAnother || !user.roles.includes('admin')) return null;
  return (
    <p class="row">
      <span class="small quiet">{words.notSet}</span>
      <a class="button button-bare" href={hrefOf({ page: 'admin', at: 'destinations' })}>
        {words.set}
      </a>
    </p>
  );
}

function OfferViewer({ studyInstanceUID }: { readonly studyInstanceUID: string }) {
  const api = useApi();
  const [answer, setAnswer] = useState<Answer | null>(null);
  /** The page was loaded with a content security policy that does not allow the viewer's address. */
  const [isTooOld, setTooOld] = useState(false);
  const [isSure, setSure] = useState(true);
  const isHidden = namesHidden.value;
  const gone = useRef(new AbortController());
  useEffect(() => {
    const { signal } = gone.current;
    const onViolation = ({ effectiveDirective }: SecurityPolicyViolationEvent) => {
      if (effectiveDirective === 'form-action') setTooOld(true);
    };
    document.addEventListener('securitypolicyviolation', onViolation, { signal });
    return () => gone.current.abort();
  }, []);
  // Links that were offered while names were shown would open without the question, so they are dropped.
  useEffect(() => setAnswer(null), [isHidden]);
  const ask = async () => {
    setTooOld(false);
    setAnswer(words.asking);
    const found = await askForViewers(api, studyInstanceUID, gone.current.signal);
    if (found === null) return;
    setAnswer(found);
    if (typeof found !== 'string' && found.length === 1) open(found[0]!);
  };
  return (
    <div class="stack-tight">
      <p class="row">
        <button
          type="button"
          class="button"
          disabled={answer === words.asking}
          onClick={() => (isHidden ? setSure(false) : void ask())}
        >
          {words.open}
        </button>
      </p>
      {!isSure && <Confirm {...words.namesHidden} onYes={() => void ask()} onClose={() => setSure(true)} />}
      <div role="status">{answer !== null && (isTooOld ? <TooOld /> : <Said answer={answer} />)}</div>
    </div>
  );
}

/**
 * Opens the viewer in a new tab, which learns nothing about this page. An installed viewer is started through its URL
 * scheme.
 */
function open({ url, token }: ViewerLink): void {
  if (token !== undefined) post(url, token);
  else if (/^https?:/.test(url)) window.open(url, '_blank', 'noopener,noreferrer');
  else location.assign(url);
}

/** Sends the token in the body of a form: in an address it would stay in the browser's history. */
function post(url: string, token: string): void {
  const form = document.createElement('form');
  Object.assign(form, {
    method: 'post',
    action: url,
    target: '_blank',
    rel: 'noopener noreferrer',
    hidden: true,
  });
  const field = Object.assign(document.createElement('input'), {
    type: 'hidden',
    name: 'token',
    value: token,
  });
  form.append(field);
  document.body.append(form);
  form.submit();
  form.remove();
}

function Said({ answer }: { readonly answer: Answer }) {
  if (typeof answer === 'string') return <p class="small quiet">{answer}</p>;
  // A single viewer is listed too: the browser may have kept it from opening.
  return (
    <ul class="plain row" aria-label={words.choose}>
      {answer.map((link) => (
        <li key={link.url}>
          {link.token === undefined ? (
            <a href={link.url} target="_blank" rel="noopener noreferrer">
              {link.title}
            </a>
          ) : (
            <button type="button" class="button button-bare" onClick={() => open(link)}>
              {link.title}
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

/** A reload alone would get the same page from the service worker, so the service worker fetches the new one first. */
function TooOld() {
  const [state, setState] = useState<'old' | 'reloading' | 'unreachable'>('old');
  const reload = async () => {
    setState('reloading');
    if (await renewPage(navigator.serviceWorker?.controller)) location.reload();
    else setState('unreachable');
  };
  return (
    <Notice kind="wait" title={words.tooOld}>
      <p>{state === 'unreachable' ? words.notReloaded : words.tooOldNext}</p>
      <button type="button" class="button" disabled={state === 'reloading'} onClick={() => void reload()}>
        {state === 'reloading' ? words.reloading : words.reload}
      </button>
    </Notice>
  );
}

// What the tests of the OpenAI SDK for JavaScript share. JOULEBOOK_PACKAGES names the folder that the SDK is
// installed in; the addresses come from stage.py.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';

const { default: OpenAI } = await import(createRequire(`${process.env.JOULEBOOK_PACKAGES}/`).resolve('openai'));
const served = process.env.JOULEBOOK_SERVED;
export const places = [process.env.JOULEBOOK_DIRECT, served, process.env.JOULEBOOK_PRISTINE];
const asked = [];

export function client(place) {
  return new OpenAI({ baseURL: `${place}/v1`, apiKey: 'sk-test', maxRetries: 0 });
}

// The id is there behind the gateway and nowhere else; what the client was told of tokens is kept.
export function note(place, response, tokens) {
  const id = response.headers.get('x-joulebook-request-id');
  if (place !== served) return assert.equal(id, null);
  assert.match(id, /^jb-[0-9a-f]{32}$/);
  asked.push({ id, tokens });
}

// Of a usage object of any interface, in the words of a request's document.
export function counts(usage) {
  return usage && {
    prompt: usage.prompt_tokens ?? usage.input_tokens,
    output: usage.completion_tokens ?? usage.output_tokens ?? 0,
  };
}

// As JSON, without `usage: null`: who is asked for usage, also by the gateway, says so in every other event.
export function bare(value) {
  return JSON.parse(JSON.stringify(value, (key, member) => (key === 'usage' && member === null ? undefined : member)));
}

async function settled(id) {
  for (let i = 0; i < 1200; ++i) {
    const document = await (await fetch(`${served}/joulebook/v1/requests/${id}`)).json();
    if (document.status !== 'pending') return document;
    await sleep(50);
  }
  throw new Error(`${id} was never settled`);
}

// What became of all that was noted.
export async function documents(least) {
  assert.ok(asked.length >= least);
  for (const { id, tokens } of asked) {
    const document = await settled(id);
    const counted = document.tokens;
    assert.ok(document.status === 'final' ? document.fair.value >= 0 : document.reason.message, JSON.stringify(document));
    if (tokens.prompt) assert.equal(counted.prompt, tokens.prompt);
    assert.equal((counted.answer ?? 0) + (counted.reasoning ?? 0), tokens.output, JSON.stringify(document));
    if (tokens.reasoning) assert.equal(counted.reasoning, tokens.reasoning);
  }
}

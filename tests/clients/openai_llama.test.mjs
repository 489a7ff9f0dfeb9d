// The OpenAI SDK for JavaScript in front of the real llama-server: the same text and the same counts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { client, places, note, counts, documents } from './openai_through.mjs';

const messages = [{ role: 'user', content: 'Why is the sky blue? Answer in one sentence.' }];
const same = { model: 'm', messages, max_tokens: 12, temperature: 0, seed: 7, cache_prompt: false };

test('chat', async () => {
  const texts = [];
  for (const place of places) {
    const { data, response } = await client(place).chat.completions.create(same).withResponse();
    note(place, response, counts(data.usage));
    texts.push([data.choices, data.usage]);
  }
  assert.ok(texts[0][0][0].message.content);
  assert.deepEqual(texts[1], texts[0]);
  assert.deepEqual(texts[2], texts[0]);
});

test('chat, streamed', async () => {
  for (const usage of [false, true]) {
    const answers = [];
    const more = usage ? { stream_options: { include_usage: true } } : {};
    for (const place of places) {
      const { data, response } = await client(place).chat.completions.create({ ...same, stream: true, ...more }).withResponse();
      const choices = [];
      let told;
      for await (const piece of data) {
        choices.push(piece.choices);
        told = piece.usage ?? told;
      }
      assert.equal(Boolean(told), usage);
      note(place, response, counts(told) ?? { output: 12 });
      answers.push([choices, told]);
    }
    assert.ok(answers[0][0].length > 12);
    assert.deepEqual(answers[1], answers[0]);
    assert.deepEqual(answers[2], answers[0]);
  }
});

test('documents', () => documents(3));

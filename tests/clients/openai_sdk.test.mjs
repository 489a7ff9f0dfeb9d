// The OpenAI SDK for JavaScript: the same objects through the gateway as without, its id readable, and the
// request's document with the tokens that the SDK was told of.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bare, client, counts, documents, note, places } from './openai_through.mjs';

const messages = [{ role: 'user', content: 'Why is the sky blue?' }];
const weather = { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } };

// `ask` gives an API promise of the SDK; `expected`: tokens that only the gateway is told of.
async function alike(ask, expected) {
  const answers = [];
  for (const place of places) {
    const { data, response } = await ask(client(place)).withResponse();
    const pieces = [];
    if (data[Symbol.asyncIterator] && !data.object) for await (const piece of data) pieces.push(piece);
    else pieces.push(data);
    const told = pieces.map((piece) => piece.usage ?? piece.response?.usage).filter(Boolean).pop();
    note(place, response, counts(told) ?? expected);
    answers.push(bare(pieces));
  }
  assert.ok(answers[0].length > 0);
  assert.deepEqual(answers[1], answers[0]);
  assert.deepEqual(answers[2], answers[0]);
}

const chat = (more) => (c) => c.chat.completions.create({ model: 'mock', messages, ...more });

test('chat', () => alike(chat({})));
test('chat in two choices', () => alike(chat({ n: 2, model: 'thinker' })));
test('chat with a tool', () => alike(chat({ tools: [{ type: 'function', function: weather }] })));
test('chat, streamed', () => alike(chat({ stream: true }), { prompt: 21, output: 8 }));
test('chat that thinks, streamed', () => alike(chat({ stream: true, model: 'thinker' }), { prompt: 21, output: 11, reasoning: 3 }));
test('chat with usage, streamed', () => alike(chat({ stream: true, stream_options: { include_usage: true } })));
test('chat with a tool, streamed', () =>
  alike(chat({ stream: true, tools: [{ type: 'function', function: weather }] }), { prompt: 21, output: 3 }));
test('completions', () => alike((c) => c.completions.create({ model: 'mock', prompt: 'The sky' })));
test('completions, streamed', () =>
  alike((c) => c.completions.create({ model: 'mock', prompt: 'The sky', stream: true }), { prompt: 21, output: 8 }));
test('responses', () => alike((c) => c.responses.create({ model: 'thinker', input: 'Why?' })));
test('responses, streamed', () => alike((c) => c.responses.create({ model: 'thinker', input: 'Why?', stream: true })));
test('embeddings', () => alike((c) => c.embeddings.create({ model: 'mock', input: ['a', 'b'] })));

test('the helper that gathers a stream', async () => {
  const gathered = [];
  for (const place of places) {
    const stream = client(place).chat.completions.stream({ model: 'mock', messages });
    gathered.push(bare(await stream.finalChatCompletion()));
  }
  assert.equal(gathered[0].choices[0].message.content, 'The sky is blue, été 🌍.');
  assert.deepEqual(gathered[1], gathered[0]);
  assert.deepEqual(gathered[2], gathered[0]);
});

test('a refusal is the same refusal', async () => {
  for (const place of places) {
    await assert.rejects(client(place).chat.completions.create({ model: 'refuse', messages }), (error) => {
      assert.equal(error.status, 429);
      assert.equal(error.code, 'slow');
      assert.equal(error.headers.get('x-joulebook-request-id') !== null, place === places[1]);
      return true;
    });
  }
});

test('documents', () => documents(12));

// Calls the methods of the Node client for the groups that are served: `drive.mjs ORIGIN SECRET`. Prints a JSON object:
// under "methods" all that the client has, under "outcomes" each that was called, with "works" or with the code that it was
// refused with, and under "problems" what did not fit.

import { ChatBotKit } from '@chatbotkit/sdk'

const GROUPS = [
  'bot', 'conversation', 'dataset', 'skillset', 'file', 'contact', 'secret', 'memory', 'task',
  'usage', 'event', 'channel', 'platform', 'integration',
]
const [, , origin, secret] = process.argv
const client = new ChatBotKit({ secret, baseUrl: origin })
const outcomes = {}
const problems = []

function find(path) {
  const parts = path.split('.')
  const name = parts.pop()
  const owner = parts.reduce((part, next) => part[next], client)
  return (...args) => owner[name](...args)
}

async function call(path, ...args) {
  try {
    const answer = await find(path)(...args)
    if (answer === null || typeof answer !== 'object' || answer.data instanceof ArrayBuffer) {
      problems.push(`${path}: the answer is no JSON object`)
    }
    outcomes[path] = 'works'
    return answer
  } catch (error) {
    outcomes[path] = String(error.code)
    if (!error.code) problems.push(`${path}: ${error}`)
    return undefined
  }
}

async function stream(path, ...args) {
  const found = []
  try {
    for await (const line of find(path)(...args).stream()) found.push(line)
    outcomes[path] ??= 'works'
  } catch (error) {
    problems.push(`${path} as a stream: ${error}`)
  }
  return found
}

async function life(path, body, ...parents) {
  const made = await call(`${path}.create`, ...parents, body)
  await call(`${path}.list`, ...parents, { take: 2, meta: { a: 1 } })
  const lines = await stream(`${path}.list`, ...parents)
  const fetched = made && (await call(`${path}.fetch`, ...parents, made.id))
  if (!made || fetched?.id !== made.id || !lines.some((line) => line.data.id === made.id)) {
    problems.push(`${path}: was not made, fetched and listed`)
    return 'none'
  }
  await call(`${path}.update`, ...parents, made.id, { meta: { b: 2 } })
  return made.id
}

async function talk(bot, contact) {
  const question = { text: 'What is the capital of Freedonia? ☃' }
  const conversation = await life('conversation', { botId: bot, contactId: contact })
  const told = await call('conversation.complete', conversation, question)
  if (!told?.text.includes('Fredville')) problems.push(`conversation.complete answered ${told?.text}`)
  const lines = await stream('conversation.complete', conversation, question)
  const text = lines.filter((line) => line.type === 'token').map((line) => line.data.token).join('')
  if (lines.at(-1)?.type !== 'result' || lines.at(-1).data.text !== text || text.includes('\uFFFD')) {
    problems.push('conversation.complete: the stream does not fit its result')
  }
  await call('conversation.send', conversation, question)
  await call('conversation.receive', conversation, {})
  const stateless = { botId: bot, messages: [{ type: 'user', ...question }] }
  await call('conversation.complete', null, stateless)
  await stream('conversation.complete', null, stateless)
  const message = await life('conversation.message', { type: 'user', text: 'Hi' }, conversation)
  for (const vote of ['upvote', 'downvote']) {
    await call(`conversation.${vote}`, conversation, {})
    await call(`conversation.message.${vote}`, conversation, message, {})
  }
  await call('conversation.message.delete', conversation, message)
  await call('conversation.session.create', conversation, {})
  await call('conversation.attachment.upload', conversation, upload())
  const channelId = `channel_${conversation}`
  await call('conversation.dispatch', conversation, { ...question, channelId })
  const heard = await stream('channel.subscribe', channelId, {})
  if (heard.at(-1)?.data.type !== 'result') problems.push('channel.subscribe: did not hear the result')
  await call('channel.publish', 'another-channel-of-mine', { message: { a: 1 } })
  await call('conversation.delete', conversation)
}

async function main() {
  const dataset = await life('dataset', { name: 'D', meta: { a: 1 } })
  const record = await life('dataset.record', { text: 'The capital of Freedonia is Fredville ☃.' }, dataset)
  await call('dataset.record.export', dataset, {})
  const hits = await call('dataset.search', dataset, 'capital')
  if (hits?.records[0]?.id !== record) problems.push('dataset.search: did not find the record')
  const file = await life('file', { name: 'F' })
  await call('file.upload', file, upload())
  await download(file)
  await call('file.sync', file, {})
  await call('dataset.file.attach', dataset, file, {})
  await call('dataset.file.sync', dataset, file, {})
  const synced = await until(() => call('dataset.file.list', dataset), (found) => found?.items[0]?.syncStatus !== 'pending')
  if (synced?.items[0]?.syncStatus !== 'synced') problems.push('dataset.file.sync: the file was not read')
  const read = await call('dataset.search', dataset, 'whales')
  if (read?.records[0]?.text !== 'Whales are large.') problems.push('dataset.file.sync: its text is not found')
  await call('dataset.file.detach', dataset, file, { deleteRecords: true })
  const key = await life('secret', { name: 'S', kind: 'personal', type: 'bearer', value: 'v' })
  for (const action of ['verify', 'authenticate', 'revoke']) await call(`secret.${action}`, key, {})
  const skillset = await life('skillset', { name: 'K' })
  const ability = await life('skillset.ability', { name: 'A', instruction: 'Be kind.', secretId: key }, skillset)
  await call('skillset.ability.export', skillset, {})
  const spoken = await call('skillset.ability.create', skillset, { name: 'B', instruction: 'The sea is deep.' })
  await call('skillset.ability.execute', skillset, spoken?.id, {})
  const bot = await life('bot', { name: 'B', datasetId: dataset, skillsetId: skillset })
  for (const vote of ['upvote', 'downvote']) await call(`bot.${vote}`, bot, {})
  await call('bot.session.create', bot, {})
  const contact = await life('contact', { name: 'C' })
  await call('contact.ensure', { fingerprint: 'f-2' })
  for (const part of ['task', 'space', 'conversation', 'secret']) await call(`contact.${part}.list`, contact)
  for (const action of ['revoke', 'verify', 'authenticate']) await call(`contact.secret.${action}`, contact, key, {})
  const memory = await life('memory', { text: 'Likes whales', contactId: contact })
  await call('memory.export', {})
  await call('memory.search', { search: 'whales' })
  const task = await life('task', { name: 'What is the capital?', botId: bot })
  await call('task.export', {})
  await run(task)
  await talk(bot, contact)
  await call('usage.fetch')
  await call('usage.series.fetch')
  for (const action of ['list', 'export']) await call(`event.log.${action}`, {})
  await stream('event.log.subscribe', {})
  await platform()
  for (const kind of Object.keys(client.integration)) if (isClient(client.integration[kind])) await integration(kind, dataset, bot)
  for (const [path, ...ids] of [
    ['task', task], ['memory', memory], ['contact', contact], ['bot', bot], ['skillset.ability', skillset, ability],
    ['skillset', skillset], ['secret', key], ['file', file], ['dataset.record', dataset, record], ['dataset', dataset],
  ]) await call(`${path}.delete`, ...ids)
  for (const group of ['blueprint', 'policy', 'portal', 'space', 'team']) await call(`${group}.list`)
}

async function until(look, isIt) {
  for (let tries = 0; tries < 300; tries++) {
    const found = await look()
    if (isIt(found)) return found
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  return undefined
}

// The one method whose answer is no JSON.
async function download(file) {
  try {
    const { data } = await client.file.download(file)
    outcomes['file.download'] = 'works'
    if (new TextDecoder().decode(data) !== 'Whales are large.') problems.push('file.download: other bytes than were uploaded')
  } catch (error) {
    problems.push(`file.download: ${error}`)
  }
}

async function run(task) {
  await call('task.trigger', task, {})
  const lines = await stream('task.subscribe', task, {})
  if (lines.map((line) => line.type).join() !== 'operationBegin,operationEnd') problems.push('task.subscribe: did not hear the run')
  const runs = await call('task.execution.list', task)
  if (runs?.items[0]?.outcome !== 'success') problems.push(`task.trigger: came to ${JSON.stringify(runs?.items[0])}`)
  await call('task.trigger', task, {})
  const again = await call('task.execution.list', task)
  await call('task.execution.cancel', task, again?.items[0]?.id, {})
  await call('task.cancel', task, {})
}

async function platform() {
  for (const part of ['model', 'ability', 'action', 'doc', 'manual', 'tutorial', 'secret', 'example', 'report']) {
    await call(`platform.${part}.list`)
  }
  for (const part of ['ability', 'doc', 'manual', 'tutorial', 'secret', 'example']) {
    await call(`platform.${part}.search`, { search: 'x' })
  }
  for (const part of ['doc', 'manual', 'tutorial', 'example']) await call(`platform.${part}.fetch`, 'none')
  await call('platform.example.clone', 'none', {})
  for (const action of ['generate', 'generateTyped']) await call(`platform.report.${action}`, 'none', {})
  await call('platform.report.generateBatch', {})
}

async function integration(kind, dataset, bot) {
  const path = `integration.${kind}`
  const link = ['sitemap', 'notion'].includes(kind) ? { datasetId: dataset } : kind === 'mcpserver' ? {} : { botId: bot }
  const id = await life(path, { name: 'I', ...link })
  for (const action of ['setup', 'sync', 'initiate', 'invoke']) {
    if (client.integration[kind][action]) await call(`${path}.${action}`, id, {})
  }
  await call(`${path}.delete`, id)
}

const upload = () => ({ data: new TextEncoder().encode('Whales are large.').buffer, name: 'a.txt', type: 'text/plain' })

const isClient = (part) => Boolean(part && typeof part === 'object' && part.constructor.name.endsWith('Client'))

function* methods(target, path) {
  for (let level = Object.getPrototypeOf(target); level?.constructor.name !== 'ChatBotKitClient'; level = Object.getPrototypeOf(level)) {
    for (const name of Object.getOwnPropertyNames(level)) if (name !== 'constructor') yield `${path}.${name}`
  }
  for (const name of Object.keys(target)) if (isClient(target[name])) yield* methods(target[name], `${path}.${name}`)
}

await main()
const every = GROUPS.flatMap((group) => [...methods(client[group], group)])
console.log(JSON.stringify({ methods: every, outcomes, problems }))

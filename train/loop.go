package train

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/train/data"
)

// Data are the three sets of a run.
type Data struct {
	// Train is learned, in an order that changes with each epoch.
	Train data.Batches
	// Valid decides which epoch is the best. It is needed.
	Valid data.Batches
	// Test is evaluated once, after the last epoch, with the best parameters. Without
	// Test.Data it is not.
	Test data.Batches
}

// Settings of a run. The zero value trains 10 epochs with Adam and writes nothing.
type Settings struct {
	// Epochs is how often the training set is learned; 0 means 10.
	Epochs int
	// Optimizer turns gradients into updates; nil means optim.Adam{}.
	Optimizer optim.Transform
	// LR is the learning rate inside of Optimizer, for the report; nil: not reported.
	LR optim.Schedule
	// Plateau, where it is not nil, is inside of Optimizer, and observes the loss on the validation
	// set after each epoch. Its scale is in the report.
	Plateau *optim.Plateau
	// Patience ends the run after so many epochs without a better one; 0: never.
	Patience int
	// Checkpoint is the file that holds the state of the run, written before the first batch,
	// after each epoch and when the run is cancelled. Empty: none.
	Checkpoint string
	// CheckpointBatches and CheckpointTime ask for checkpoints within an epoch as well, after
	// so many batches or so long; 0: none. A process that is killed loses at most that.
	CheckpointBatches int
	CheckpointTime    time.Duration
	// Resume goes on from the file Checkpoint, which must exist.
	Resume bool
	// Metrics is the file that gets a line for each epoch, see [Epoch]. Empty: none. It is
	// the same, byte for byte, for equal runs.
	Metrics string
	// Receipt is the file that gets a line for the start and one for each epoch, which prove what
	// the run did, see [Link]. Empty: none. All samples are read once for it.
	Receipt string
	// Keep is how many checkpoints of complete epochs are kept beside Checkpoint, the last ones,
	// and that of the best epoch as well, see [KeptCheckpoint]; 0: none.
	Keep int
	// Times is the file that gets the wall time of each epoch, see [Time]. Empty: none.
	Times string
	// Follow writes no file: another process of the same run does, see [Shard]. Resume reads
	// Checkpoint.
	Follow bool
	// Ranks is the number of processes of the run, for Times; 0 means 1.
	Ranks int
	// OnNonFinite says what happens to a batch whose loss or gradient is not finite: "stop", or ""
	// for short, ends the run with an error that says where the first such number is, by layer,
	// time step and parameter, and the last checkpoint stays; "skip" leaves the batch out and
	// counts it in Epoch.Skipped. An epoch without any other batch ends the run, too.
	OnNonFinite string
	// Config is a text that is kept in the checkpoint: what the run was made from.
	Config string
	// Begin, where it is not nil, may change the parameters before the first batch: of every
	// process, and the same of each. A run that is resumed is past it.
	Begin func(Learner, Data) error
	// AfterBatch, AfterEpoch, where they are not nil, are called with what has just been
	// finished. An error of AfterEpoch ends the run.
	AfterBatch func(Position)
	AfterEpoch func(Epoch) error
	// Logger receives warnings; nil means silence.
	Logger *slog.Logger
}

func (s Settings) withDefaults() (Settings, error) {
	if s.Epochs == 0 {
		s.Epochs = 10
	}
	if s.CheckpointBatches < 0 || s.CheckpointTime < 0 || s.Keep < 0 {
		return s, fmt.Errorf("%w: CheckpointBatches is %d, CheckpointTime %v and Keep %d, want >= 0", ErrSettings, s.CheckpointBatches, s.CheckpointTime, s.Keep)
	}
	if s.Epochs < 0 || s.Patience < 0 {
		return s, fmt.Errorf("%w: Epochs is %d and Patience %d, want >= 0", ErrSettings, s.Epochs, s.Patience)
	}
	if s.OnNonFinite == "" {
		s.OnNonFinite = Stop
	}
	if s.OnNonFinite != Stop && s.OnNonFinite != Skip {
		return s, fmt.Errorf("%w: OnNonFinite is %q, want %q or %q", ErrSettings, s.OnNonFinite, Stop, Skip)
	}
	if s.Optimizer == nil {
		s.Optimizer = optim.Adam{}
	}
	if s.Resume && s.Checkpoint == "" {
		return s, fmt.Errorf("%w: Resume without a Checkpoint", ErrSettings)
	}
	if s.Follow {
		s.Metrics, s.Times, s.Receipt = "", "", ""
	}
	if s.Ranks == 0 {
		s.Ranks = 1
	}
	s.Logger = given.Logger(s.Logger)
	return s, nil
}

// Result is what a run gave.
type Result struct {
	Epochs  int     // complete epochs
	Best    Epoch   // the best one
	Test    *Score  // of the test set; nil where there is none
	Seconds float64 // wall time, all parts of a resumed run
}

// Run trains a network until the epochs are through, or Patience is, and leaves it with the
// parameters of the best epoch: that with the largest accuracy on the validation set, and of
// several of these the one with the smallest loss.
//
// When ctx is cancelled Run writes the checkpoint, after the batch at hand, and returns an error
// that wraps the cause of the cancellation; a run with Resume then goes on as if nothing had
// happened. A batch that takes longer than a second then is given up: the checkpoint is that before
// it, and the error wraps [ErrComputing] too. Any other error ends the run too: a gradient that is
// not finite (graph.ErrNotFinite, optim.ErrNonFinite), bad data, a full disk. The last checkpoint
// is then that of the last complete epoch.
func Run(ctx context.Context, net Learner, sets Data, s Settings) (*Result, error) {
	if err := given.Need("ctx", ctx); err != nil {
		return nil, fmt.Errorf("%w: Run: %w", ErrSettings, err)
	}
	s, err := s.withDefaults()
	if err != nil {
		return nil, err
	}
	r, err := newRun(net, sets, s)
	if err != nil {
		return nil, err
	}
	defer r.close()
	if s.Receipt != "" {
		if r.data, err = digest(ctx, sets); err != nil {
			return nil, err
		}
	}
	if s.Resume {
		err = r.resume()
	} else {
		err = r.begin()
	}
	if err != nil {
		return nil, err
	}
	for !r.finished() {
		if err := r.epoch(ctx); err != nil {
			return nil, err
		}
	}
	if err := net.Params().CopyFrom(r.best); err != nil {
		return nil, err
	}
	result := &Result{Epochs: r.at.Epoch, Best: r.bestEpoch}
	if sets.Test.Data != nil {
		sums, err := r.evaluate(ctx, sets.Test)
		if err != nil {
			return nil, err
		}
		score := sums.Score()
		result.Test = &score
	}
	result.Seconds = r.record.seconds()
	return result, nil
}

// run is the state of Run.
type run struct {
	Settings
	net       Learner
	sets      Data
	weights   optim.Tree // the trained parameters
	optimizer optim.State
	at        Position
	best      *graph.Params
	bestEpoch Epoch
	record    record
	worker    *worker
	health    health
	learned   int       // samples since the last line of Times
	saved     time.Time // when the last checkpoint was written
	data      string    // SHA-256 of the data; empty: no receipt
}

func newRun(net Learner, sets Data, s Settings) (*run, error) {
	if net == nil || net.Params() == nil {
		return nil, fmt.Errorf("%w: no network, or one that was not built", ErrSettings)
	}
	for _, set := range []struct {
		name    string
		batches data.Batches
	}{{"Train", sets.Train}, {"Valid", sets.Valid}} {
		if set.batches.Len() == 0 {
			return nil, fmt.Errorf("%w: Data.%s has no batches", ErrSettings, set.name)
		}
	}
	r := &run{Settings: s, net: net, sets: sets}
	var err error
	if r.weights, err = Tree(net.Params(), namesOf(net.Grads())); err != nil {
		return nil, err
	}
	r.optimizer = s.Optimizer.Init(r.weights)
	r.best = net.Params().Clone()
	r.worker, r.health = newWorker(), watch(net, r.weights)
	return r, nil
}

// begin writes the first checkpoint.
func (r *run) begin() error {
	if err := r.prepare(); err != nil {
		return err
	}
	if err := r.record.open(r.Settings, nil); err != nil {
		return err
	}
	if err := r.link(); err != nil {
		return err
	}
	if err := r.save(); err != nil {
		return err
	}
	return r.keep()
}

// resume goes to where the checkpoint is.
func (r *run) resume() error {
	c, skipped, err := ReadCheckpoint(r.Checkpoint)
	if err != nil {
		return err
	}
	if skipped != nil {
		r.Logger.Warn("the checkpoint cannot be read; going on from the one before", "reason", skipped)
	}
	if err := r.restore(c); err != nil {
		return fmt.Errorf("%s: %w", r.Checkpoint, err)
	}
	r.checkRate(c.Metrics)
	if err := r.checkReceipt(c.Receipt); err != nil {
		return fmt.Errorf("%s: %w", r.Checkpoint, err)
	}
	r.saved = time.Now()
	if err := r.record.open(r.Settings, c); err != nil {
		return err
	}
	if len(c.Receipt) == 0 { // the part before has none
		if err := r.link(); err != nil {
			return err
		}
	}
	return r.keep()
}

// restore takes over the state of a checkpoint.
func (r *run) restore(c *Checkpoint) error {
	if c.Seed != r.sets.Train.Seed || c.Batches != r.sets.Train.Len() {
		return fmt.Errorf("%w: a checkpoint of a run with seed %d and %d batches, this one has %d and %d",
			ErrSettings, c.Seed, c.Batches, r.sets.Train.Seed, r.sets.Train.Len())
	}
	if err := r.best.CopyFrom(c.BestParams); err != nil {
		return err
	}
	if err := r.net.Params().CopyFrom(c.Params); err != nil {
		return err
	}
	r.at, r.bestEpoch, r.optimizer = c.Position, c.Best, c.Optimizer
	return nil
}

// checkRate warns where the schedule of the learning rate is not that with which the epochs of the
// checkpoint, whose metrics are given, were learned: one that decays over more epochs raises it.
func (r *run) checkRate(metrics []byte) {
	lines := bytes.Split(bytes.TrimSpace(metrics), []byte("\n"))
	var last Epoch
	if r.LR == nil || json.Unmarshal(lines[len(lines)-1], &last) != nil || last.Epoch == 0 {
		return
	}
	if now := r.LR.At(uint64(last.Epoch*r.sets.Train.Len() - 1)); r.Plateau == nil && now != last.LearningRate {
		r.Logger.Warn(fmt.Sprintf("the learning rate of epoch %d was %.6g, and with the schedule of this run, of %d epochs, it would have been %.6g: the run goes on with the new schedule", last.Epoch, last.LearningRate, r.Epochs, now))
	}
}

func (r *run) close() {
	r.worker.close()
	if err := r.record.close(); err != nil {
		r.Logger.Warn("metrics", "error", err)
	}
}

func (r *run) finished() bool {
	return r.at.Epoch >= r.Epochs || r.Patience > 0 && r.at.Epoch-r.bestEpoch.Epoch >= r.Patience
}

// save writes the checkpoint.
func (r *run) save() error {
	if r.Checkpoint == "" || r.Follow {
		return nil
	}
	if err := r.record.sync(); err != nil {
		return err
	}
	r.saved = time.Now()
	return r.checkpoint().Write(r.Checkpoint)
}

// checkpoint returns the state at hand.
func (r *run) checkpoint() *Checkpoint {
	return &Checkpoint{
		Config: r.Config, Seed: r.sets.Train.Seed, Batches: r.sets.Train.Len(),
		Position: r.at, Best: r.bestEpoch, Params: r.net.Params(), BestParams: r.best, Optimizer: r.optimizer,
		Metrics: r.record.metrics.lines, MetricsSize: int64(len(r.record.metrics.lines)), Receipt: r.record.receipt.lines,
	}
}

// due says whether a checkpoint within the epoch is.
func (r *run) due() bool {
	return r.CheckpointBatches > 0 && r.at.Batch%r.CheckpointBatches == 0 || r.CheckpointTime > 0 && time.Since(r.saved) >= r.CheckpointTime
}

// interrupted saves the run and returns the error that says where it is. why is what the
// interruption kept from being finished, or nil.
func (r *run) interrupted(ctx context.Context, why error) error {
	if _, err := r.record.time(r.at.Epoch+1, r.learned); err != nil {
		return errors.Join(err, r.save())
	}
	if err := r.save(); err != nil {
		return err
	}
	err := fmt.Errorf("train: interrupted in epoch %d after %d of %d batches: %w",
		r.at.Epoch+1, r.at.Batch, r.sets.Train.Len(), context.Cause(ctx))
	if errors.Is(why, ErrComputing) {
		err = fmt.Errorf("%w; %w", err, ErrComputing)
	}
	return err
}

// epoch learns what is left of the epoch at hand and closes it.
func (r *run) epoch(ctx context.Context) error {
	for n := r.sets.Train.Len(); r.at.Batch < n; {
		if ctx.Err() != nil {
			return r.interrupted(ctx, nil)
		}
		switch err := r.batch(ctx); {
		case errors.Is(err, ErrComputing):
			return r.interrupted(ctx, err)
		case errors.Is(err, ErrPeer): // this batch has changed nothing yet
			return errors.Join(fmt.Errorf("train: epoch %d, batch %d of %d: %w", r.at.Epoch+1, r.at.Batch+1, n, err), r.save())
		case err != nil:
			return fmt.Errorf("train: epoch %d, batch %d of %d: %w", r.at.Epoch+1, r.at.Batch+1, n, err)
		}
		r.at.Batch++
		if r.AfterBatch != nil {
			r.AfterBatch(r.at)
		}
		if r.due() {
			if err := r.save(); err != nil {
				return err
			}
		}
	}
	sums, err := r.evaluate(ctx, r.sets.Valid)
	if ctx.Err() != nil {
		return r.interrupted(ctx, err)
	}
	if err != nil {
		return err
	}
	if r.at.Train.Rows == 0 {
		return fmt.Errorf("train: epoch %d: %w in each of its %d batches; %s", r.at.Epoch+1, optim.ErrNonFinite, r.at.Train.Skipped, divergedHint)
	}
	train, valid := r.at.Train.Score(), sums.Score()
	e := Epoch{
		Epoch:     r.at.Epoch + 1,
		TrainLoss: train.Loss, TrainAccuracy: train.Accuracy,
		ValidLoss: valid.Loss, ValidAccuracy: valid.Accuracy,
		TrainMetrics: train.Metrics, ValidMetrics: valid.Metrics,
		Spikes: valid.Spikes,
		Silent: r.at.Train.Silent, Grazing: r.at.Train.Grazing, Clipped: r.at.Train.Clipped,
		Skipped:   r.at.Train.Skipped,
		noClasses: r.sets.Valid.Data.Form().Target.Kind != data.ClassTarget,
	}
	for _, l := range sums.Layers {
		silent, saturated := l.Shares()
		e.Layers = append(e.Layers, LayerShares{l.Name, silent, saturated})
	}
	if r.LR != nil {
		e.LearningRate = r.LR.At(uint64(e.Epoch*r.sets.Train.Len() - 1))
	}
	if r.Plateau != nil {
		scale, err := r.Plateau.Scale(&r.optimizer)
		if err != nil {
			return err
		}
		e.LearningRate *= scale
		if _, err := r.Plateau.Observe(&r.optimizer, valid.Loss); err != nil {
			return err
		}
	}
	if e.better(r.bestEpoch) {
		r.bestEpoch = e
		if err := r.best.CopyFrom(r.net.Params()); err != nil {
			return err
		}
	}
	for _, w := range r.health.epoch(e, sums) {
		r.Logger.Warn(w)
	}
	r.at = Position{Epoch: e.Epoch}
	seconds, err := r.record.add(e, r.learned)
	r.learned = 0
	if err != nil {
		return err
	}
	if err := r.link(); err != nil {
		return err
	}
	if err := r.save(); err != nil {
		return err
	}
	if err := r.keep(); err != nil {
		return err
	}
	e.Seconds = seconds
	if r.AfterEpoch != nil {
		return r.AfterEpoch(e)
	}
	return nil
}

// batch makes one step.
func (r *run) batch(ctx context.Context) error {
	sums, err := r.worker.do(ctx, task{r.net.Gradient, r.sets.Train, uint64(r.at.Epoch), r.at.Batch})
	if loss := sums.Loss; err == nil && loss-loss != 0 {
		err = fmt.Errorf("%w: the loss is %v", optim.ErrNonFinite, loss/float64(max(sums.Rows, 1)))
	}
	updates := r.net.Grads()
	if err == nil {
		optim.Weigh(&r.optimizer, uint64(sums.Rows))
		err = r.Optimizer.Update(updates, r.weights, &r.optimizer)
	}
	if notFinite(err) {
		return r.notFinite(err)
	}
	if runsAway(err) {
		return r.explained(err)
	}
	if err == nil {
		err = optim.Apply(r.weights, updates)
	}
	if err != nil {
		return err
	}
	r.at.Train.add(sums)
	r.learned += sums.Rows
	if w := r.health.batch(r.at, sums.Score().Loss); w != "" {
		r.Logger.Warn(w)
	}
	return nil
}

// evaluate returns the sums over a set.
func (r *run) evaluate(ctx context.Context, set data.Batches) (Sums, error) {
	set.Sequential = true
	var total Sums
	for k := range set.Len() {
		if ctx.Err() != nil {
			return total, fmt.Errorf("train: interrupted in an evaluation: %w", context.Cause(ctx))
		}
		sums, err := r.worker.do(ctx, task{r.net.Evaluate, set, 0, k})
		if err != nil {
			return total, fmt.Errorf("train: evaluation, batch %d of %d: %w", k+1, set.Len(), err)
		}
		total.add(sums)
	}
	return total, nil
}
